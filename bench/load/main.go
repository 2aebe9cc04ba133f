// Load is the load generator of SigID's benchmarks. It must cost far less than the servers that it measures, since it
// shares their machine: one kept-alive connection per worker, requests written as prepared bytes, answers read into a
// fixed buffer and parsed no further than their mode needs.
//
// It reads a Job as JSON from standard input, prints the line {"measuring":true} when the warm-up ends and the Result
// as one line of JSON when everything has been answered.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Job is what to do, to which server.
type Job struct {
	Mode        string  `json:"mode"`    // repeat, refresh, authorize, exchange, signin
	Address     string  `json:"address"` // host:port of the server
	Host        string  `json:"host"`    // the Host header
	Connections int     `json:"connections"`
	Warm        float64 `json:"warm"`    // seconds that are not measured
	Seconds     float64 `json:"seconds"` // seconds that are
	Once        bool    `json:"once"`    // every connection does one unit of work, nothing is timed

	Requests []Request `json:"requests"` // repeat: in turn; the others: connection i uses request i
	Expect   string    `json:"expect"`   // repeat: what the body of a 200 must contain

	Values   []string            `json:"values"`   // refresh: a token per connection; exchange: codes, each used once
	Callback string              `json:"callback"` // authorize, signin: where the server sends the code
	Fields   []map[string]string `json:"fields"`   // signin: what the person of connection i types
}

// Request is one request, without Host and Content-Length. In the body of refresh and exchange {} stands for the value.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// Result is what was measured, and what the next job needs of it.
type Result struct {
	RequestsPerSecond float64  `json:"requests_per_second"`
	P50               float64  `json:"p50_ms"`
	P99               float64  `json:"p99_ms"`
	Requests          int      `json:"requests"`
	Errors            int      `json:"errors"`
	FirstError        string   `json:"first_error,omitempty"`
	Bytes             int64    `json:"bytes"`
	Seconds           float64  `json:"seconds"`
	OwnCPU            float64  `json:"own_cpu_seconds"`   // of this program, in the measured seconds
	Values            []string `json:"values,omitempty"`  // refresh: the chains' last tokens; authorize, signin: codes
	Cookies           []string `json:"cookies,omitempty"` // signin with once: each person's cookies
}

// worker is one connection and what it has seen.
type worker struct {
	index      int
	job        *Job
	shared     *shared
	connection connection
	latencies  []time.Duration
	errors     int
	firstError string
	bytes      int64
	values     []string
	cookies    string
	template   []byte // what is sent again and again, where nothing in it changes
}

func main() {
	var job Job
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&job); err != nil {
		fail("the job could not be read: " + err.Error())
	}
	unit, ok := modes[job.Mode]
	if !ok || job.Connections < 1 || len(job.Requests) == 0 {
		fail("a job needs a known mode, a connection and a request")
	}
	if err := json.NewEncoder(os.Stdout).Encode(run(&job, unit)); err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "load: "+message)
	os.Exit(2)
}

// run lets every worker do its unit of work until the time is over or there is none left.
func run(job *Job, unit unit) Result {
	start := time.Now()
	measured := start.Add(time.Duration(job.Warm * float64(time.Second)))
	end := measured.Add(time.Duration(job.Seconds * float64(time.Second)))
	var before int64 // nanoseconds of processor time at the end of the warm-up
	go func() {
		time.Sleep(time.Until(measured))
		atomic.StoreInt64(&before, processorTime())
		fmt.Println(`{"measuring":true}`)
	}()

	shared := newShared(job)
	workers := make([]*worker, job.Connections)
	var running sync.WaitGroup
	for i := range workers {
		workers[i] = &worker{index: i, job: job, shared: shared, connection: newConnection(job.Address)}
		running.Add(1)
		go func(w *worker) {
			defer running.Done()
			w.loop(unit, measured, end)
		}(workers[i])
	}
	running.Wait()
	seconds := time.Since(measured).Seconds()
	ownCPU := time.Duration(processorTime() - atomic.LoadInt64(&before)).Seconds()
	result := summary(job, workers, seconds)
	result.OwnCPU = ownCPU
	return result
}

// processorTime is what this program has used, in nanoseconds.
func processorTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func (w *worker) loop(unit unit, measured, end time.Time) {
	defer w.connection.close()
	for {
		began := time.Now()
		if !w.job.Once && began.After(end) {
			return
		}
		err := unit(w)
		if err == errNothingLeft {
			return
		}
		switch {
		case err != nil:
			w.complain(err)
			if w.job.Mode == "refresh" {
				return // the chain is broken
			}
			time.Sleep(10 * time.Millisecond) // a server that refuses at once must not be hammered
		case w.job.Once || began.After(measured):
			w.latencies = append(w.latencies, time.Since(began))
		}
		if w.job.Once {
			return
		}
	}
}

func (w *worker) complain(err error) {
	w.errors++
	if w.firstError == "" {
		w.firstError = err.Error()
	}
}

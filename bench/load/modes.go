package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
)

// unit is one measured unit of work: what a person or a client would call one thing.
type unit func(w *worker) error

// modes are the kinds of load. repeat serves client_credentials, introspection, userinfo, discovery and JWKS alike.
var modes = map[string]unit{
	"repeat":    repeat,
	"refresh":   refresh,
	"authorize": authorize,
	"exchange":  exchange,
	"signin":    signIn,
}

var errNothingLeft = errors.New("nothing left to do")

// shared is what the workers take turns on.
type shared struct {
	wire     [][]byte // the requests of repeat, ready to be sent
	nextWire int64
	nextCode int64
}

func newShared(job *Job) *shared {
	s := &shared{}
	if job.Mode == "repeat" {
		for _, request := range job.Requests {
			s.wire = append(s.wire, request.encode(job.Host))
		}
	}
	return s
}

func (w *worker) send(wire []byte) (answer, error) {
	got, size, err := w.connection.send(wire)
	w.bytes += int64(size)
	return got, err
}

func (w *worker) request() Request {
	return w.job.Requests[w.index%len(w.job.Requests)]
}

// repeat sends the requests in turn; each must be answered with 200 and the expected text.
func repeat(w *worker) error {
	n := atomic.AddInt64(&w.shared.nextWire, 1)
	got, err := w.send(w.shared.wire[int(n)%len(w.shared.wire)])
	if err != nil {
		return err
	}
	if got.status != 200 || !bytes.Contains(got.body, []byte(w.job.Expect)) {
		return unexpected(got)
	}
	return nil
}

// refresh follows one chain of rotating refresh tokens: each answer brings the token of the next request.
func refresh(w *worker) error {
	if w.values == nil {
		if w.index >= len(w.job.Values) {
			return errors.New("there are fewer refresh tokens than connections")
		}
		w.values = []string{w.job.Values[w.index]}
	}
	got, err := w.send(w.filled(w.values[0]))
	if err != nil {
		return err
	}
	successor := member(got.body, "refresh_token")
	if got.status != 200 || successor == "" || successor == w.values[0] {
		return unexpected(got)
	}
	w.values[0] = successor
	return nil
}

// exchange spends codes that were made beforehand, each once.
func exchange(w *worker) error {
	n := int(atomic.AddInt64(&w.shared.nextCode, 1)) - 1
	if n >= len(w.job.Values) {
		return errNothingLeft
	}
	got, err := w.send(w.filled(w.job.Values[n]))
	if err != nil {
		return err
	}
	if got.status != 200 || member(got.body, "id_token") == "" {
		return unexpected(got)
	}
	return nil
}

// authorize asks for a code with the session of the connection's person; redirects inside the server are followed.
func authorize(w *worker) error {
	if w.template == nil {
		w.template = w.request().encode(w.job.Host)
	}
	got, err := w.send(w.template)
	for hops := 0; hops < 4 && err == nil; hops++ {
		location := headerOf(got.head, "location")
		if code := w.codeIn(location); code != "" {
			w.values = append(w.values, code)
			return nil
		}
		if location == "" || !w.inside(location) {
			break
		}
		next := Request{Method: "GET", Path: pathOf(location), Headers: w.request().Headers}
		got, err = w.send(next.encode(w.job.Host))
	}
	if err != nil {
		return err
	}
	return unexpected(got)
}

func (w *worker) filled(value string) []byte {
	request := w.request()
	request.Body = strings.Replace(request.Body, "{}", url.QueryEscape(value), 1)
	return request.encode(w.job.Host)
}

// codeIn is the authorization code in a redirect to the client.
func (w *worker) codeIn(location string) string {
	if location == "" || !strings.HasPrefix(location, w.job.Callback) {
		return ""
	}
	target, err := url.Parse(location)
	if err != nil {
		return ""
	}
	return target.Query().Get("code")
}

// inside says whether a redirect stays at the server.
func (w *worker) inside(location string) bool {
	return strings.HasPrefix(location, "/") || strings.HasPrefix(location, "http://"+w.job.Host+"/")
}

func pathOf(location string) string {
	target, err := url.Parse(location)
	if err != nil {
		return "/"
	}
	return target.RequestURI()
}

// member reads one string member of a flat JSON object; token answers hold no escapes in those that we ask for.
func member(body []byte, name string) string {
	at := bytes.Index(body, []byte(`"`+name+`"`))
	if at < 0 {
		return ""
	}
	rest := bytes.TrimLeft(body[at+len(name)+2:], ": ")
	if len(rest) == 0 || rest[0] != '"' {
		return ""
	}
	end := bytes.IndexByte(rest[1:], '"')
	if end < 0 {
		return ""
	}
	return string(rest[1 : end+1])
}

func unexpected(got answer) error {
	body := got.body
	if len(body) > 300 {
		body = body[:300]
	}
	return fmt.Errorf("unexpected answer %d %s %s", got.status, headerOf(got.head, "location"), body)
}

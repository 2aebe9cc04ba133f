package main

import (
	"sort"
	"time"
)

// summary adds up what the workers saw in the measured seconds; errors of the warm-up count too.
func summary(job *Job, workers []*worker, seconds float64) Result {
	var latencies []time.Duration
	result := Result{Seconds: seconds}
	for _, w := range workers {
		latencies = append(latencies, w.latencies...)
		result.Errors += w.errors
		result.Bytes += w.bytes
		result.Values = append(result.Values, w.values...)
		if result.FirstError == "" {
			result.FirstError = w.firstError
		}
		if job.Once && job.Mode == "signin" {
			result.Cookies = append(result.Cookies, w.cookies)
		}
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	result.Requests = len(latencies)
	result.RequestsPerSecond = float64(len(latencies)) / seconds
	result.P50 = percentile(latencies, 0.50)
	result.P99 = percentile(latencies, 0.99)
	return result
}

// percentile is in milliseconds, of sorted latencies.
func percentile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(share*float64(len(sorted)-1))].Microseconds()) / 1000
}

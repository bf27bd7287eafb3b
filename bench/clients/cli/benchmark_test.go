package cli

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spindle/bench/servers"
)

// benchmark runs redis-benchmark against s and returns what it printed.
func benchmark(t *testing.T, s *servers.Server, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "redis-benchmark", append([]string{"-p", fmt.Sprint(s.Port)}, args...)...)
	o := run(t, tame(t, cmd), "")
	if text := o.stdout + o.stderr; o.status != 0 || strings.Contains(strings.ToLower(text), "error") {
		t.Errorf("redis-benchmark %q against %s: status %d, %s", args, s.Name, o.status, text)
	}
	return o.stdout
}

// names are the tests whose results stand in the output. A test may be too quick to have a rate that is a number.
func names(output string) (list []string) {
	for _, m := range regexp.MustCompile(`(?m)^(?:.*\r)?([A-Z][^:\r\n]*): \S+ requests per second`).FindAllStringSubmatch(output, -1) {
		list = append(list, m[1])
	}
	return list
}

// The complete default run says the same tests for both servers, without an error, whatever the options.
func TestBenchmark(t *testing.T) {
	p := start(t, "redis-benchmark")
	for _, args := range []string{"", "-P 16", "-P 128 -d 100", "-r 1000 -3", "--threads 2 -P 16 -t ping,set,get,lpush", "-k 0 -c 5 -t ping,set,get,lpush"} {
		args := append([]string{"-q", "-n", "500", "-c", "20"}, strings.Fields(args)...)
		got, expected := names(benchmark(t, p.ours, args...)), names(benchmark(t, p.reference, args...))
		if !slices.Equal(got, expected) || len(got) < 4 || len(got) < 19 && !strings.Contains(strings.Join(args, " "), "-t ") {
			t.Errorf("redis-benchmark %q: got %q, want %q", args, got, expected)
		}
	}
}

// Commands of one's own, and the long and the comma separated forms of the report.
func TestBenchmarkForms(t *testing.T) {
	p := start(t, "redis-benchmark")
	p.each(func(s *servers.Server) {
		csv := benchmark(t, s, "--csv", "-n", "500", "-t", "set,get")
		if !regexp.MustCompile(`(?s)^"test","rps",.*\n"SET",("[\d.]+",?){7}\n"GET",("[\d.]+",?){7}\n$`).MatchString(csv) {
			t.Errorf("%s: %s", s.Name, csv)
		}
		long := benchmark(t, s, "-n", "500", "-t", "set")
		for _, line := range []string{"====== SET ======", "500 requests completed in", "50 parallel clients", "Latency by percentile distribution:", "throughput summary:"} {
			if !strings.Contains(long, line) {
				t.Errorf("%s: no %q in %s", s.Name, line, long)
			}
		}
		if !strings.Contains(long, "host configuration \"appendonly\": no") {
			t.Errorf("%s: redis-benchmark could not read the configuration: %s", s.Name, long)
		}
		own := benchmark(t, s, "-q", "-n", "500", "-r", "100", "EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", "key:__rand_int__", "v")
		if !strings.Contains(own, "requests per second") {
			t.Errorf("%s: %s", s.Name, own)
		}
	})
}

// Ten thousand commands in one go, inline and not, and the end of the input: every answer comes before the connection ends.
func TestNetcat(t *testing.T) {
	p := start(t, "nc")
	var in strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&in, "INCR n\r\n*3\r\n$3\r\nSET\r\n$5\r\nk%04d\r\n$1\r\nv\r\n", i)
	}
	in.WriteString("MGET k0001 k4999 \"absent one\"\nNOSUCH\nQUIT\n")
	var got [2]outcome
	for i, s := range []*servers.Server{p.ours, p.reference} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		got[i] = run(t, tame(t, exec.CommandContext(ctx, "nc", "-N", "127.0.0.1", fmt.Sprint(s.Port))), in.String())
		cancel()
	}
	if got[0] != got[1] || !strings.HasSuffix(got[0].stdout, "+OK\r\n") {
		t.Errorf("nc: got %d bytes, want %d", len(got[0].stdout), len(got[1].stdout))
	}
}

package cli

import (
	"regexp"
	"strings"
	"testing"

	"spindle/bench/servers"
)

// What subscribers and monitors print, line by line, for both servers.
func TestSubscribers(t *testing.T) {
	p := start(t, "redis-cli")
	for _, c := range []struct{ args, last string }{
		{"SUBSCRIBE|news|other", "last"}, {"--no-raw|SUBSCRIBE|news|other", "last"}, {"-3|--no-raw|SUBSCRIBE|news|other", "last"},
		{"--csv|SUBSCRIBE|news|other", "last"}, {"--json|SUBSCRIBE|news|other", "last"}, {"-3|SUBSCRIBE|news|other", "last"},
		{"--no-raw|PSUBSCRIBE|n*|o*", "last"}, {"-3|--no-raw|PSUBSCRIBE|n*|o*", "last"}, {"--no-raw|SSUBSCRIBE|news|other", "last"},
	} {
		var got [2]string
		for i, s := range []*servers.Server{p.ours, p.reference} {
			l := listen(t, s, strings.Split(c.args, "|")...)
			l.until(`(?s)subscribe.*subscribe(.*\D)?2`)
			client := s.ClientT(t)
			publish := "PUBLISH"
			if strings.Contains(c.args, "SSUBSCRIBE") {
				publish = "SPUBLISH"
			}
			for _, m := range [][2]string{{"news", "first \"quoted\"\n"}, {"other", "\x00\xff"}, {"nobody", "hears"}, {"news", c.last}} {
				client.Do(publish, m[0], m[1])
			}
			got[i] = l.until(c.last + `.*\n`)
		}
		if got[0] != got[1] {
			t.Errorf("redis-cli %s: got\n%s\nwant\n%s", c.args, got[0], got[1])
		}
	}
}

var monitorStamp = regexp.MustCompile(`(?m)^\d+\.\d{6} \[(\d+) (lua|[0-9.]+)(:\d+)?\]`)

func TestMonitor(t *testing.T) {
	p := start(t, "redis-cli")
	for _, args := range []string{"MONITOR", "--no-raw|MONITOR", "-3|MONITOR"} {
		var got [2]string
		for i, s := range []*servers.Server{p.ours, p.reference} {
			l := listen(t, s, strings.Split(args, "|")...)
			l.until("OK\n")
			client := s.ClientT(t)
			for _, command := range [][]string{{"SET", "k", "a \"quoted\"\n\x00\xff"}, {"select", "3"}, {"MULTI"}, {"GET", "k"}, {"INCR", "n"}, {"EXEC"},
				{"AUTH", "x"}, {"EVAL", "return redis.call('GET', KEYS[1])", "1", "k"}, {"NOSUCH"}, {"PING", "end of it"}} {
				client.Do(command...)
			}
			got[i] = monitorStamp.ReplaceAllString(l.until(`end of it.*\n`), "TIME [$1 $2]")
		}
		if got[0] != got[1] || !strings.Contains(got[0], "TIME [3 127.0.0.1]") {
			t.Errorf("redis-cli %s: got\n%s\nwant\n%s", args, got[0], got[1])
		}
	}
}

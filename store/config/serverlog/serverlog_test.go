package serverlog

import (
	"bytes"
	"fmt"
	"log/syslog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"spindle/bench/servers"
	"spindle/store/config"
)

func TestFormat(t *testing.T) {
	var out bytes.Buffer
	l := New()
	l.out, l.pid = &out, 7
	l.now = func() time.Time { return time.Date(2026, 11, 1, 2, 3, 4, 56_789_000, time.Local) }
	l.Logf(config.LogVerbose, "not shown")
	l.Logf(config.LogNotice, "a %d", 1)
	l.SetLevel(config.LogDebug)
	l.SetRole(Master)
	l.Logf(config.LogDebug, "b")
	l.Logf(config.LogVerbose, "c")
	l.Logf(config.LogWarning, "%s", strings.Repeat("d", 5000))
	l.Raw("raw\n")
	want := "7:C 01 Nov 2026 02:03:04.056 * a 1\n" +
		"7:M 01 Nov 2026 02:03:04.056 . b\n" +
		"7:M 01 Nov 2026 02:03:04.056 - c\n" +
		"7:M 01 Nov 2026 02:03:04.056 # " + strings.Repeat("d", maxBytes) + "\nraw\n"
	if out.String() != want {
		t.Errorf("%q", out.String())
	}
}

// TestLikeRedis holds our header against those of redis-server.
func TestLikeRedis(t *testing.T) {
	srv, err := servers.Redis("--loglevel", "debug")
	if err != nil {
		t.Skip(err)
	}
	defer srv.Stop()
	var out bytes.Buffer
	l := New()
	l.out = &out
	l.Logf(config.LogNotice, "Ready to accept connections")
	shape := regexp.MustCompile(`^\d+:[CM] \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] \S`)
	for _, line := range append(strings.Split(srv.LogTail(20), "\n"), out.String()) {
		if !shape.MatchString(line) {
			t.Errorf("%q has another header", line)
		}
	}
}

// TestFileMayGo renames the file between lines, as logrotate does.
func TestFileMayGo(t *testing.T) {
	c := config.Defaults()
	c.Dir, c.Logfile = t.TempDir(), "server.log"
	l := New()
	if err := l.Configure(c); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(c.Dir, "server.log")
	l.Logf(config.LogNotice, "one")
	l.Logf(config.LogNotice, "two")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	l.Logf(config.LogNotice, "three")
	old, _ := os.ReadFile(name + ".1")
	young, _ := os.ReadFile(name)
	if bytes.Count(old, []byte("\n")) != 2 || !bytes.HasSuffix(young, []byte("* three\n")) {
		t.Errorf("%q %q", old, young)
	}
}

func TestLinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	l := New()
	l.out = &out
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				l.Logf(config.LogNotice, "%d-%d", g, i)
			}
		})
	}
	wg.Wait()
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^%d:C .* \* \d-\d+$`, os.Getpid()))
	if n := len(line.FindAllString(out.String(), -1)); n != 400 {
		t.Errorf("%d whole lines", n)
	}
}

func TestFacility(t *testing.T) {
	if facility(config.SyslogUser) != syslog.LOG_USER || facility(config.SyslogLocal0) != syslog.LOG_LOCAL0 || facility(config.SyslogLocal7) != syslog.LOG_LOCAL7 {
		t.Error("wrong facility")
	}
}

func TestFilteredDoesNotAllocate(t *testing.T) {
	l := New()
	if n := testing.AllocsPerRun(100, func() { l.Logf(config.LogDebug, "x") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

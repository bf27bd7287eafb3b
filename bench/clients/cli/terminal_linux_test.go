package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spindle/bench/servers"
)

// terminal is a pseudo terminal with a redis-cli on it.
type terminal struct {
	t      *testing.T
	master *os.File
	text   []byte
}

// openTerminal returns both ends of a pseudo terminal of 24 lines of 120 characters.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("skipped: no pseudo terminal: ", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 120})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip("skipped: no pseudo terminal: ", err)
	}
	return master, slave
}

// interact starts redis-cli on a terminal, as somebody does who types.
func interact(t *testing.T, s *servers.Server, args ...string) *terminal {
	t.Helper()
	master, slave := openTerminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := cli(ctx, t, s, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Start()
	slave.Close()
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	master.SetReadDeadline(time.Now().Add(patience))
	return &terminal{t: t, master: master}
}

// see reads until the screen shows text, after what was seen before, and returns what came.
func (m *terminal) see(text string) string {
	m.t.Helper()
	b := make([]byte, 4096)
	for {
		if i := strings.Index(string(m.text), text); i >= 0 {
			seen := string(m.text[:i+len(text)])
			m.text = m.text[i+len(text):]
			return seen
		}
		n, err := m.master.Read(b)
		m.text = append(m.text, b[:n]...)
		if err != nil {
			m.t.Fatalf("waiting for %q: %v; the terminal shows %q", text, err, m.text)
		}
	}
}

// enter types text as one would.
func (m *terminal) enter(text string) {
	m.t.Helper()
	if _, err := io.WriteString(m.master, text); err != nil {
		m.t.Fatal(err)
	}
}

// Typed commands, the hints beside them, completion, the prompt's signs of a database and a transaction.
func TestInteractive(t *testing.T) {
	p := start(t, "redis-cli")
	var screens [2][]string
	for i, s := range []*servers.Server{p.ours, p.reference} {
		for _, version := range []string{"-2", "-3"} {
			s.ClientT(t).Do("FLUSHALL")
			m := interact(t, s, version)
			prompt := "127.0.0.1:" + fmt.Sprint(s.Port)
			note := func(seen string) { screens[i] = append(screens[i], p.anonymous(s, seen)) }
			note(m.see(prompt + "> "))
			for _, line := range []struct{ typed, hint string }{
				{"set ", "key value"}, {"hset h ", "field value"}, {"xadd s ", "NOMKSTREAM"}, {"subscribe ", "channel [channel ...]"}, {"client kill ", "ADDR"},
				{"config set ", "parameter value"}, {"zadd z ", "[NX|XX]"}, {"geosearch g ", "FROMMEMBER"},
			} {
				m.enter(line.typed)
				note(line.typed + "..." + lastLine(m.see(line.hint)))
				m.enter("\x15") // clears the line
			}
			m.enter("lran\t")
			m.see("LRANGE")
			m.enter("\x15")
			for _, line := range []struct{ typed, answer, prompt string }{
				{"set k v", "OK", "> "}, {"GET k", "\"v\"", "> "}, {"incr k", "(error) ERR value is not an integer", "> "}, {"hset h f 1", "(integer) 1", "> "}, {"hgetall h", "\"f\"", "> "},
				{"multi", "OK", "(TX)> "}, {"incr n", "QUEUED", "(TX)> "}, {"exec", "(integer)", "> "}, {"select 3", "OK", "[3]> "}, {"nosuch", "(error) ERR unknown command", "[3]> "},
				{"select 0", "OK", "> "}, {"help get", "summary:", "> "}, {"help @list", "LPUSH", "> "}, {"2 ping", "PONG", "> "}, {"hello 3", "modules", "> "}, {"smembers none", "(empty set)", "> "},
			} {
				m.enter(line.typed + "\r")
				m.see("\r\n") // hints and prompts that came with the typing are above
				m.see(line.answer)
				note(line.typed + "..." + m.see(prompt+line.prompt))
			}
			m.enter("subscribe c\r")
			m.see("Reading messages...")
			m.see("(integer) 1")
			s.ClientT(t).Do("PUBLISH", "c", "heard")
			m.see("\"heard\"")
			m.enter("\x03") // leaves the subscription, or the program
		}
	}
	for i, got := range screens[0] {
		if expected := screens[1][i]; got != expected {
			t.Errorf("screen %d: got\n%q\nwant\n%q", i, got, expected)
		}
	}
}

// lastLine is what stands on the line where the cursor is, its last drawing.
func lastLine(seen string) string { return seen[strings.LastIndex(seen, "\r")+1:] }

// The simulation of a cache reports every second, to a terminal only: a pipe would have to wait for a full buffer.
func TestLRUSimulation(t *testing.T) {
	p := start(t, "redis-cli")
	p.each(func(s *servers.Server) {
		c := s.ClientT(t)
		c.Do("CONFIG", "SET", "maxmemory", "20mb")
		c.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
		m := interact(t, s, "--lru-test", "10000")
		for range 2 {
			if line := m.see("%)\r\n"); !lruLine.MatchString(line) {
				t.Errorf("%s: %q", s.Name, line)
			}
		}
		if n, _ := c.Do("DBSIZE").(int64); n == 0 {
			t.Errorf("%s: no keys after --lru-test", s.Name)
		}
	})
}

var lruLine = regexp.MustCompile(`^\d+ Gets/sec \| Hits: \d+ \([\d.]+%\) \| Misses: \d+ \([\d.]+%\)\r\n$`)

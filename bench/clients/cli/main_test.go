package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// patience is how long a program may run, on a machine that has other things to do.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Clean()
	os.Exit(code)
}

// pair is our server and the one it is compared with.
type pair struct{ ours, reference *servers.Server }

// start starts both servers, or skips the test where redis-server or a tool is missing.
func start(t *testing.T, tools ...string) pair {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("skipped: ", err)
		}
	}
	p := pair{reference: servers.RedisT(t), ours: servers.SpindleT(t)}
	return p
}

// each runs f for both servers.
func (p pair) each(f func(s *servers.Server)) {
	f(p.reference)
	f(p.ours)
}

// fill gives both servers the same keys: of every type one that is the largest.
func (p pair) fill(t *testing.T) {
	t.Helper()
	p.each(func(s *servers.Server) {
		c := s.ClientT(t)
		for i := range 50 {
			c.Do("SET", fmt.Sprint("key:", i), strings.Repeat("x", i+1))
		}
		for i := range 30 {
			n := strconv.Itoa(i)
			c.Do("RPUSH", "list", n)
			c.Do("HSET", "hash", "field"+n, n)
			c.Do("SADD", "set", "m"+n)
			c.Do("ZADD", "zset", n+".5", "m"+n)
			c.Do("XADD", "stream", n+"-1", "f", n)
		}
		c.Do("RPUSH", "small", "a", "b \"quoted\"", "c\x00\xff")
		c.Do("HSET", "h", "a", "1")
		c.Do("SET", "\x01binary key\n", "1")
	})
}

// outcome is what a program printed and how it ended.
type outcome struct {
	stdout, stderr string
	status         int
}

// cli is redis-cli for s, with a time limit.
func cli(ctx context.Context, t *testing.T, s *servers.Server, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "redis-cli", append([]string{"-p", strconv.Itoa(s.Port)}, args...)...)
	return tame(t, cmd)
}

// tame gives a program a directory and a terminal's name of its own.
func tame(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TERM=xterm", "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	return cmd
}

// run runs a program to its end.
func run(t *testing.T, cmd *exec.Cmd, stdin string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() < 0 {
		t.Errorf("%q: %v, after\n%s%s", cmd.Args, err, stdout.String(), stderr.String())
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// runCLI runs redis-cli for s to its end, which has to come soon.
func runCLI(t *testing.T, s *servers.Server, stdin string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return run(t, cli(ctx, t, s, args...), stdin)
}

// listener is a redis-cli that does not end by itself.
type listener struct {
	t    *testing.T
	in   *bufio.Reader
	text strings.Builder
}

// listen starts redis-cli, which ends with the test at the latest.
func listen(t *testing.T, s *servers.Server, args ...string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := cli(ctx, t, s, args...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return &listener{t: t, in: bufio.NewReader(out)}
}

// until reads until all that was printed so far matches the pattern, and returns it.
func (l *listener) until(pattern string) string {
	l.t.Helper()
	re := regexp.MustCompile(pattern)
	for !re.MatchString(l.text.String()) {
		c, err := l.in.ReadByte()
		if err != nil {
			if err == io.EOF {
				err = errors.New("the program ended or took too long")
			}
			l.t.Fatalf("waiting for %s: %v; it printed\n%s", pattern, err, l.text.String())
		}
		l.text.WriteByte(c)
	}
	return l.text.String()
}

// anonymous replaces what differs between two runs: ports, process ids and such numbers.
func (p pair) anonymous(s *servers.Server, text string) string {
	return strings.ReplaceAll(text, strconv.Itoa(s.Port), "PORT")
}

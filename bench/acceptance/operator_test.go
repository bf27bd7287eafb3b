package acceptance

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/bench/servers"
)

// outcome is how a server ended that did not start, or was told to end.
type outcome struct {
	status int
	output string
}

// run runs a server to its end, which has to come soon.
func run(t testing.TB, bin, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), string(out)}
}

func spindle(t testing.TB) string {
	t.Helper()
	bin, err := servers.Build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

var (
	logStamp  = regexp.MustCompile(`(?m)^\d+:[CMS] \d+ \w+ \d+ [\d:.]+ `)
	chatter   = regexp.MustCompile(`(?m)^(# (oO0|Redis version|Spindle version|Configuration loaded|WARNING )|[.*] ).*\n`)
	directory = regexp.MustCompile(`/\S*/\d{3}/`)
)

// complaint is what remains of the output without what differs from run to run.
func (o outcome) complaint() string {
	text := logStamp.ReplaceAllString(o.output, "")
	return directory.ReplaceAllString(chatter.ReplaceAllString(text, ""), "DIR/")
}

// What cannot start says why, in Redis's words, and exits with 1.
func TestRefusesToStart(t *testing.T) {
	reference, ours := lookPath(t, "redis-server"), spindle(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, text, 0o644)
		return path
	}
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{file("unknown.conf", "# comment\n\nport 1\nno-such-directive yes\n")}},
		{"", []string{file("quotes.conf", "port \"1\n")}},
		{"", []string{file("number.conf", "port 70000\n")}},
		{"", []string{file("word.conf", "appendfsync sometimes\n")}},
		{"", []string{file("include.conf", "include "+filepath.Join(dir, "unknown.conf")+"\n")}},
		{"", []string{file("missing.conf", "include "+filepath.Join(dir, "nosuch.conf")+"\n")}},
		{"", []string{filepath.Join(dir, "nosuch.conf")}},
		{"nonsense\n", []string{"-"}},
		{"", []string{"--no-such-directive", "a b"}},
		{"", []string{"--port", "0x"}},
		{"", []string{"--dir", "/no/such/directory"}},
		{"", []string{"--logfile", "/no/such/directory/log"}},
		{"", []string{"--bind", "127.0.0.1", "--port", port, "--save", ""}},
		{"", []string{"--bind", "192.0.2.1", "--port", port, "--save", ""}},
		{"", []string{"--port", "0", "--save", ""}},
		{"", []string{"--port", "0", "--save", "", "--unixsocket", "/no/such/directory/socket"}},
	} {
		expected := run(t, reference, c.stdin, c.args...)
		got := run(t, ours, c.stdin, c.args...)
		if got.status != 1 || expected.status != 1 || got.complaint() != expected.complaint() {
			t.Errorf("%q: got status %d and\n%s\nwant status %d and\n%s", c.args, got.status, got.complaint(), expected.status, expected.complaint())
		}
	}
}

func TestVersion(t *testing.T) {
	for _, flag := range []string{"--version", "-v"} {
		if got := run(t, spindle(t), "", flag); got.status != 0 || !strings.Contains(got.output, " v=") || strings.Count(got.output, "\n") != 1 {
			t.Errorf("%s: %+v", flag, got)
		}
	}
	if got := run(t, spindle(t), "", "--help"); got.status != 1 || !strings.HasPrefix(got.output, "Usage:") {
		t.Errorf("--help: %+v", got)
	}
}

// A server that an operator runs: files, standard input, options, in this order.
func TestConfigurationFiles(t *testing.T) {
	dir := t.TempDir()
	included := filepath.Join(dir, "included.conf")
	writeFile(t, included, "databases 3\nmaxclients 77\n", 0o644)
	main := filepath.Join(dir, "main.conf")
	writeFile(t, main, "databases 2\ninclude "+included+"\nmaxclients 78\n", 0o644)
	d := daemon(t, "maxclients 79\ndatabases 4\n", main, "-", "--loglevel", "verbose")
	c := d.ClientT(t)
	want(t, c, "OK", "SELECT", "3")
	want(t, c, "ERR DB index is out of range", "SELECT", "4")
	want(t, c, "[maxclients 79]", "CONFIG", "GET", "maxclients")
	want(t, c, "[loglevel verbose]", "CONFIG", "GET", "loglevel")
}

// daemon starts a server in the background, as an operator does, and ends it with the test.
func daemon(t testing.TB, stdin string, args ...string) *servers.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	dir := t.TempDir()
	pidfile := filepath.Join(dir, "pid")
	args = append(args, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--daemonize", "yes", "--pidfile", pidfile, "--logfile", filepath.Join(dir, "log"))
	cmd := exec.Command(spindle(t), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 && stdin == "" {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		var pid int
		if b, err := os.ReadFile(pidfile); err == nil {
			fmt.Sscan(string(b), &pid)
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if t.Failed() {
			b, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("log:\n%s", b)
		}
	})
	within(t, patience, "the server answers", func() bool { _, err := pingOnce(addr); return err == nil })
	return &servers.Server{Addr: addr, Dir: dir}
}

// Redis's own file, as the package installs it, with what a test has to override.
func TestInstalledRedisConf(t *testing.T) {
	const conf = "/etc/redis/redis.conf"
	if _, err := os.ReadFile(conf); err != nil {
		t.Skip("skipped: ", err)
	}
	d := daemon(t, "", conf, "--unixsocket", "")
	c := d.ClientT(t)
	want(t, c, "OK", "SET", "k", "v")
	want(t, c, "v", "GET", "k")
}

// The pid file names the daemon; SIGTERM makes it keep everything, remove the file, and exit with 0.
func TestDaemonEndsInOrder(t *testing.T) {
	d := daemon(t, "", "--appendonly", "yes")
	c := d.ClientT(t)
	for i := range 1000 {
		c.Send("SET", fmt.Sprint("k", i), "v")
	}
	for range 1000 {
		c.Receive()
	}
	var pid int
	pidfile := filepath.Join(d.Dir, "pid")
	fmt.Sscan(readFile(t, pidfile), &pid)
	if stat := strings.Fields(readFile(t, fmt.Sprintf("/proc/%d/stat", pid))); stat[5] != fmt.Sprint(pid) {
		t.Errorf("the daemon is in session %s, not in its own", stat[5])
	}
	syscall.Kill(pid, syscall.SIGTERM)
	within(t, patience, "the pid file is gone", func() bool { _, err := os.Stat(pidfile); return os.IsNotExist(err) })
	log := readFile(t, filepath.Join(d.Dir, "log"))
	for _, line := range []string{"Received SIGTERM scheduling shutdown", "User requested shutdown", "ready to exit, bye bye"} {
		if !strings.Contains(log, line) {
			t.Errorf("the log has no %q:\n%s", line, log)
		}
	}
	s := servers.SpindleT(t, "--appendonly", "yes", "--dir", d.Dir)
	want(t, s.ClientT(t), "1000", "DBSIZE")
}

// startForStatus starts a server whose exit status matters.
func startForStatus(t testing.TB, args ...string) (*exec.Cmd, *servers.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	dir := t.TempDir()
	cmd := exec.Command(spindle(t), append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--logfile", "log"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	within(t, patience, "the server answers", func() bool { _, err := pingOnce(addr); return err == nil })
	return cmd, &servers.Server{Addr: addr, Dir: dir}
}

func waitStatus(t testing.TB, cmd *exec.Cmd) int {
	t.Helper()
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func TestExitStatus(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd, s := startForStatus(t, "--appendonly", "yes", "--appendfsync", "no")
		c := s.ClientT(t)
		for range 5000 {
			c.Send("INCR", "n")
		}
		for range 5000 {
			c.Receive()
		}
		cmd.Process.Signal(sig)
		if status := waitStatus(t, cmd); status != 0 {
			t.Errorf("%v: status %d\n%s", sig, status, readFile(t, filepath.Join(s.Dir, "log")))
		}
		again := servers.SpindleT(t, "--appendonly", "yes", "--dir", s.Dir)
		want(t, again.ClientT(t), "5000", "GET", "n")
	}
}

func TestShutdownCommand(t *testing.T) {
	for _, mode := range []string{"NOSAVE", "SAVE"} {
		cmd, s := startForStatus(t, "--appendonly", "yes")
		c := s.ClientT(t)
		want(t, c, "OK", "SET", "k", "v")
		c.Send("SHUTDOWN", mode)
		if status := waitStatus(t, cmd); status != 0 {
			t.Errorf("%s: status %d\n%s", mode, status, readFile(t, filepath.Join(s.Dir, "log")))
		}
		again := servers.SpindleT(t, "--appendonly", "yes", "--dir", s.Dir)
		want(t, again.ClientT(t), "v", "GET", "k")
	}
}

func TestConfigRewrite(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "redis.conf")
	writeFile(t, conf, "# kept\nmaxclients 50\n", 0o644)
	d := daemon(t, "", conf)
	c := d.ClientT(t)
	want(t, c, "OK", "CONFIG", "SET", "maxclients", "60")
	want(t, c, "OK", "CONFIG", "REWRITE")
	if text := readFile(t, conf); !strings.Contains(text, "# kept\nmaxclients 60\n") {
		t.Errorf("rewritten: %s", text)
	}
}

// Loglevel warning says less than notice, the log file may be moved away at any time.
func TestLogFile(t *testing.T) {
	d := daemon(t, "", "--loglevel", "warning")
	log := readFile(t, filepath.Join(d.Dir, "log"))
	if strings.Contains(log, "Ready to accept") || !strings.Contains(log, "is starting") {
		t.Errorf("loglevel warning: %s", log)
	}
	d = daemon(t, "")
	path := filepath.Join(d.Dir, "log")
	if log := readFile(t, path); !strings.Contains(log, " * Ready to accept connections") {
		t.Errorf("log: %s", log)
	}
	os.Rename(path, path+".1")
	var pid int
	fmt.Sscan(readFile(t, filepath.Join(d.Dir, "pid")), &pid)
	syscall.Kill(pid, syscall.SIGTERM)
	within(t, patience, "the end is in a new file", func() bool {
		b, _ := os.ReadFile(path)
		return strings.Contains(string(b), "bye bye")
	})
}

// Systemd is told when the server is ready and when it ends; the server stays in the foreground.
func TestSystemd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := servers.Setup{Env: []string{"NOTIFY_SOCKET=" + socket}}.Start(spindle(t), "--supervised", "systemd", "--daemonize", "yes")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	hear := func(message string) {
		t.Helper()
		b := make([]byte, 4096)
		conn.SetReadDeadline(time.Now().Add(patience))
		for {
			n, err := conn.Read(b)
			if err != nil {
				t.Fatalf("no %s: %v", message, err)
			}
			if strings.Contains("\n"+string(b[:n]), "\n"+message) {
				return
			}
		}
	}
	hear("STATUS=Redis is loading...\n")
	hear("READY=1\n")
	if info := s.ClientT(t).Do("INFO", "server").(string); !strings.Contains(info, "process_supervised:systemd\r\n") {
		t.Errorf("INFO: %s", info)
	}
	if !s.Terminate() {
		t.Error("did not end on SIGTERM")
	}
	hear("STOPPING=1\n")
}

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	s := servers.SpindleT(t, "--unixsocket", path, "--unixsocketperm", "700")
	fi, err := os.Stat(path)
	if err != nil || fi.Mode() != os.ModeSocket|0o700 {
		t.Fatalf("%v, %v", fi.Mode(), err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pingOn(conn); err != nil {
		t.Fatal(err)
	}
	if log := s.LogTail(50); !strings.Contains(log, " * The server is now ready to accept connections at "+path) {
		t.Errorf("log: %s", log)
	}
	s.Kill() // leaves the socket, which the next start replaces
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if conn, err = net.Dial("unix", path); err != nil {
		t.Fatal(err)
	}
	if _, err := pingOn(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := servers.Spindle("--unixsocket", path); err == nil {
		t.Error("a second server took over the socket of a living one")
	}
	if !s.Terminate() {
		t.Error("did not end on SIGTERM")
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
	writeFile(t, path, "precious", 0o644)
	if got := run(t, spindle(t), "", "--port", "0", "--unixsocket", path, "--save", ""); got.status != 1 {
		t.Errorf("started over a file: %+v", got)
	}
	if readFile(t, path) != "precious" {
		t.Error("the file at the socket's path was changed")
	}
}

// Several addresses of both families; one that is missing is no reason not to start if it has a minus.
func TestAddresses(t *testing.T) {
	s := servers.SpindleT(t, "--bind", "127.0.0.1", "127.0.0.2", "-::1", "-192.0.2.77")
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "::1"} {
		if _, err := pingOnce(net.JoinHostPort(host, fmt.Sprint(s.Port))); err != nil {
			if host == "::1" && !hasIPv6() {
				t.Log("no IPv6 here")
				continue
			}
			t.Errorf("%s: %v", host, err)
		}
	}
}

// TestAddressesStay: what cannot be carried out is refused, and CONFIG GET goes on telling the truth.
func TestAddressesStay(t *testing.T) {
	s := servers.SpindleT(t)
	c := s.ClientT(t)
	for _, change := range [][]string{{"port", fmt.Sprint(s.Port + 1)}, {"bind", "127.0.0.2"}} {
		const text = "Unable to listen on this port. Check server logs."
		err, _ := c.Do("CONFIG", "SET", change[0], change[1]).(error)
		if err == nil || err.Error() != "ERR CONFIG SET failed (possibly related to argument '"+change[0]+"') - "+text {
			t.Errorf("CONFIG SET %s: %v", change, err)
		}
	}
	want(t, c, "OK", "CONFIG", "SET", "port", fmt.Sprint(s.Port))
	if _, err := pingOnce(net.JoinHostPort("127.0.0.1", fmt.Sprint(s.Port))); err != nil {
		t.Error(err)
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

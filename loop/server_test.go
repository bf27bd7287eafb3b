package loop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/evio"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	switch os.Getenv("LOOP_TEST_CHILD") {
	case "exhaust":
		exhaustChild()
	case "raise":
		raiseChild()
	case "stranger":
		strangerChild()
	default:
		os.Exit(m.Run())
	}
}

// child runs this binary again in another role and returns what it printed.
func child(t *testing.T, role string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOOP_TEST_CHILD="+role)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", role, err, out)
	}
	return string(out)
}

func must(err error) {
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
}

func limitFiles(soft, hard uint64) {
	var lim unix.Rlimit
	must(unix.Getrlimit(unix.RLIMIT_NOFILE, &lim))
	setLimit(&lim.Cur, soft)
	if hard > 0 {
		setLimit(&lim.Max, hard)
	}
	must(unix.Setrlimit(unix.RLIMIT_NOFILE, &lim))
}

// With descriptors exhausted the server lives on: clients wait and are served when
// there is room. The server is a process of its own with room for some 80 clients.
func TestDescriptorExhaustion(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOOP_TEST_CHILD=exhaust")
	cmd.Stderr = os.Stderr
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var addr string
	if _, err := fmt.Fscanln(stdout, &addr); err != nil {
		t.Fatal(err)
	}
	var clients []net.Conn
	for range 150 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		clients = append(clients, conn)
	}
	for _, conn := range clients[:50] {
		roundTrip(t, conn, "hello")
	}
	waiting := clients[149]
	waiting.SetDeadline(time.Now().Add(300 * time.Millisecond))
	waiting.Write([]byte("hello"))
	if n, err := waiting.Read(make([]byte, 5)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("nothing is exhausted, or the server is gone: read %d bytes, %v", n, err)
	}
	for _, conn := range clients[50:70] { // the old ones do not suffer
		roundTrip(t, conn, "hello")
	}
	for _, conn := range clients[:90] {
		conn.Close()
	}
	for _, conn := range clients[90:149] {
		roundTrip(t, conn, "hello")
	}
	stdin.Close()
	out, err := io.ReadAll(stdout)
	if err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Fatalf("%s, %v", out, err)
	}
}

// exhaustChild serves until its input ends.
func exhaustChild() {
	limitFiles(100, 0)
	log := &testLog{}
	l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}, Logf: log.logf}, &funcs{data: echo})
	must(err)
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	fmt.Println(l.Addrs()[0])
	io.Copy(io.Discard, os.Stdin)
	l.Shutdown()
	must(<-done)
	if !log.contains("Running out of file descriptors") || !log.contains("available again") || log.contains("ended unasked") {
		must(fmt.Errorf("log: %q", log.lines))
	}
	fmt.Println("PASS")
}

func TestRaiseDescriptorLimit(t *testing.T) {
	if out := child(t, "raise"); !strings.Contains(out, "PASS") {
		t.Fatal(out)
	}
}

func raiseChild() {
	if n, err := RaiseDescriptorLimit(0); err == nil {
		must(fmt.Errorf("no error for 0 clients, %d granted", n))
	}
	limitFiles(100, 400)
	if n, err := RaiseDescriptorLimit(150); n != 150 || err != nil {
		must(fmt.Errorf("150 clients: %d, %v", n, err))
	}
	if got := descriptorLimit(); got != 2*(150+redisReserve) {
		must(fmt.Errorf("limit is %d", got))
	}
	if n, err := RaiseDescriptorLimit(300); n != 300 || err != nil {
		must(fmt.Errorf("300 clients: %d, %v", n, err))
	}
	// Beyond the hard limit it takes a privilege.
	if n, err := RaiseDescriptorLimit(1000); !(n == 1000 && err == nil) && !(n == 400-redisReserve && err != nil) {
		must(fmt.Errorf("1000 clients: %d, %v", n, err))
	}
	if n, err := RaiseDescriptorLimit(1 << 40); n < 300 || n >= 1<<40 || err == nil {
		must(fmt.Errorf("2^40 clients: %d, %v", n, err))
	}
	fmt.Println("PASS")
}

// evio's loop ends when accept fails. shutdown(2) on the listening socket makes it fail.
func TestServesAgainWhenTheLoopEnds(t *testing.T) {
	log := &testLog{}
	closed := make(chan *Conn, 10)
	path := filepath.Join(t.TempDir(), "s")
	h, conns := oneConn(funcs{data: echo, closed: func(c *Conn, _ error) { closed <- c }})
	l := serve(t, Config{TCP: []string{"127.0.0.1:0"}, UnixSocket: path, Logf: log.logf}, h)
	addr := l.Addrs()[0].String()
	conn := dial(t, l)
	roundTrip(t, conn, "hello")
	c := recv(t, conns)
	fired := make(chan struct{})
	onLoop(t, l, func() {
		c.Session = "kept"
		c.Send(make([]byte, 16<<20))
		l.After(100*time.Millisecond, func() { close(fired) })
	})
	time.Sleep(30 * time.Millisecond)
	onLoop(t, l, func() {
		for _, fd := range l.listeners[1:] {
			unix.Shutdown(fd, unix.SHUT_RDWR)
		}
	})
	waitFor(t, "the end of the loop", func() bool { return log.contains("ended unasked") })
	if got := recv(t, closed); got != c || got.Session != "kept" {
		t.Fatal("another connection was closed")
	}
	recv(t, fired) // timers and posts outlive it
	onLoop(t, l, func() {})
	for _, a := range []struct{ network, addr string }{{"tcp", addr}, {"unix", path}} {
		conn, err := net.Dial(a.network, a.addr)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, conn, "hello again")
		conn.Close()
		recv(t, closed)
	}
	if len(closed) != 0 {
		t.Fatal("Closed was called twice")
	}
}

func TestShutdownDrains(t *testing.T) {
	want := pattern(16 << 20)
	h, conns := oneConn(funcs{})
	l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}, DrainTimeout: 10 * time.Second}, h)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	slow, held := dial(t, l), dial(t, l)
	c := recv(t, conns)
	d := recv(t, conns)
	if c.RemoteAddr() != slow.LocalAddr().String() {
		c, d = d, c
	}
	onLoop(t, l, func() {
		c.Send(want)
		d.Hold()
		l.Shutdown()
		// While the other one drains, or alone.
		l.After(50*time.Millisecond, func() { d.Send([]byte("+OK")); d.Release() })
	})
	got, err := io.ReadAll(slow) // ends when both are drained
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes of %d, %v", len(got), len(want), err)
	}
	if got, err := io.ReadAll(held); err != nil || string(got) != "+OK" {
		t.Fatalf("held reply: %q, %v", got, err)
	}
	if err := recv(t, done); err != nil {
		t.Fatal(err)
	}
}

func TestShutdownDoesNotWaitForever(t *testing.T) {
	var closed atomic.Int32
	h, conns := oneConn(funcs{closed: func(*Conn, error) { closed.Add(1) }})
	l, err := Listen(Config{TCP: []string{"127.0.0.1:0"}, DrainTimeout: 100 * time.Millisecond}, h)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() { c.Send(make([]byte, 32<<20)) })
	start := time.Now()
	l.Shutdown()
	l.Shutdown()
	if err := recv(t, done); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d < 90*time.Millisecond || d > 20*time.Second {
		t.Fatalf("shutdown took %v", d)
	}
	if closed.Load() != 1 {
		t.Fatalf("Closed was called %d times", closed.Load())
	}
}

func TestSocketOptions(t *testing.T) {
	h, conns := oneConn(funcs{})
	l := serve(t, Config{KeepAlive: 300 * time.Second}, h)
	dial(t, l)
	c := recv(t, conns)
	want := func(what string, level, option, value int) {
		t.Helper()
		var got int
		var err error
		onLoop(t, l, func() { got, err = unix.GetsockoptInt(c.FD(), level, option) })
		if err != nil || (got != 0) != (value != 0) || value > 1 && got != value {
			t.Errorf("%s is %d, %v; want %d", what, got, err, value)
		}
	}
	want("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	want("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	want("TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 100)
	l.SetKeepAlive(0)
	dial(t, l)
	c = recv(t, conns)
	want("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0)
}

func TestAddresses(t *testing.T) {
	h, conns := oneConn(funcs{data: echo})
	l := serve(t, Config{TCP: []string{"*:0"}}, h)
	port := l.Addrs()[0].(*net.TCPAddr).Port
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantAddrs(t, l, recv(t, conns), conn)
}

func TestIPv6(t *testing.T) {
	if ln, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here: ", err)
	} else {
		ln.Close()
	}
	h, conns := oneConn(funcs{data: echo})
	l := serve(t, Config{TCP: []string{"0.0.0.0:0"}}, h)
	port := l.Addrs()[0].(*net.TCPAddr).Port
	// The IPv6 wildcard leaves IPv4 alone: both can have the port.
	l6 := serve(t, Config{TCP: []string{fmt.Sprintf("[::]:%d", port)}}, h)
	conn, err := net.Dial("tcp6", fmt.Sprintf("[::1]:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	roundTrip(t, conn, "hello")
	wantAddrs(t, l6, recv(t, conns), conn)
}

func wantAddrs(t *testing.T, l *Loop, c *Conn, conn net.Conn) {
	t.Helper()
	onLoop(t, l, func() {
		if got, want := c.RemoteAddr(), conn.LocalAddr().String(); got != want {
			t.Errorf("remote address %q, want %q", got, want)
		}
		if got, want := c.LocalAddr(), conn.RemoteAddr().String(); got != want {
			t.Errorf("local address %q, want %q", got, want)
		}
		if !c.RemoteIP().IsLoopback() || c.IsUnix() {
			t.Errorf("remote IP %v", c.RemoteIP())
		}
	})
}

func TestAddressInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, err = Listen(Config{TCP: []string{ln.Addr().String()}}, &funcs{})
	if err == nil || !strings.Contains(err.Error(), "bind: Address already in use") || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Fatalf("error is %v", err)
	}
}

func TestBadAddresses(t *testing.T) {
	for _, a := range []string{"", "6379", "127.0.0.1:port", "127.0.0.1:6379?reuseport=1", "::1:6379", "1.2.3.4:-1"} {
		if _, err := Listen(Config{TCP: []string{a}}, &funcs{}); err == nil {
			t.Errorf("no error for %q", a)
		}
	}
	if _, err := Listen(Config{}, &funcs{}); err == nil {
		t.Error("no error without addresses")
	}
}

func TestOptionalAddress(t *testing.T) {
	foreign := "192.0.2.1:0" // documentation range: no machine has it
	if _, err := Listen(Config{TCP: []string{foreign}}, &funcs{}); err == nil {
		t.Skip("this machine binds anything")
	}
	log := &testLog{}
	l := serve(t, Config{TCP: []string{"127.0.0.1:0", foreign}, Optional: []bool{false, true}, Logf: log.logf}, &funcs{data: echo})
	roundTrip(t, dial(t, l), "hello")
	if len(l.Addrs()) != 1 || !log.contains(foreign) {
		t.Fatalf("addresses %v, log %q", l.Addrs(), log.lines)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd?name")
	h, conns := oneConn(funcs{data: echo})
	l, err := Listen(Config{UnixSocket: path, UnixPerm: 0o700}, h)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	conn := dial(t, l)
	roundTrip(t, conn, "hello")
	c := recv(t, conns)
	onLoop(t, l, func() {
		if c.RemoteAddr() != path+":0" || c.LocalAddr() != path+":0" || !c.IsUnix() || c.RemoteIP().IsValid() {
			t.Errorf("addresses %q %q", c.RemoteAddr(), c.LocalAddr())
		}
	})
	if fi, err := os.Lstat(path); err != nil || fi.Mode() != os.ModeSocket|0o700 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	if _, err := Listen(Config{UnixSocket: path}, h); err == nil || !strings.Contains(err.Error(), "bind: Address already in use") {
		t.Errorf("a second server on the socket: %v", err)
	}
	l.Shutdown()
	if err := recv(t, done); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestStaleUnixSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
	l := serve(t, Config{UnixSocket: path}, &funcs{data: echo})
	roundTrip(t, dial(t, l), "hello")
}

// evio removes whatever it finds at the path, directories with all that is in them.
func TestUnixSocketPathIsNeverDeleted(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file, link} {
		if _, err := Listen(Config{UnixSocket: path}, &funcs{}); err == nil || !strings.Contains(err.Error(), "not a socket") {
			t.Errorf("%s: error is %v", path, err)
		}
	}
	if got, err := os.ReadFile(link); err != nil || string(got) != "data" {
		t.Fatalf("the file is %q, %v", got, err)
	}
}

// What another put in the socket's place stays.
func TestUnixSocketReplacedByOthersIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(Config{UnixSocket: path}, &funcs{})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Shutdown()
	l.Run()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}

// The layout that peek relies on, and a clear error for others.
func TestPeek(t *testing.T) {
	type other struct {
		evio.Conn
		fd string
	}
	if _, _, err := peek(other{fd: "7"}); err == nil || !strings.Contains(err.Error(), "layout") {
		t.Fatalf("error is %v", err)
	}
	type shorter struct {
		evio.Conn
		fd int
	}
	if _, _, err := peek(&shorter{fd: 7}); err == nil {
		t.Fatal("no error without a poll")
	}
	h, conns := oneConn(funcs{})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() {
		if got := localAddr(c.fd).String(); got != conn.RemoteAddr().String() {
			t.Errorf("the descriptor is of %s", got)
		}
		if !pollHas(l.poll, c.fd) || pollHas(l.poll, l.poll) {
			t.Error("the poll is not evio's")
		}
		if len(l.listeners) != 2 {
			t.Errorf("%d listeners found", len(l.listeners))
		}
	})
}

// Only this process may wake the loop, and the handler never sees who tries.
func TestStrangerOnTheControlSocket(t *testing.T) {
	var opened atomic.Int32
	l := serve(t, Config{}, &funcs{opened: func(*Conn) bool { opened.Add(1); return true }, data: echo})
	onLoop(t, l, func() {})
	t.Setenv("LOOP_TEST_ADDR", strings.TrimPrefix(l.addrs[0], "unix://"))
	if out := child(t, "stranger"); !strings.Contains(out, "PASS") {
		t.Fatal(out)
	}
	if opened.Load() != 0 {
		t.Fatal("the handler saw a control connection")
	}
	roundTrip(t, dial(t, l), "hello")
}

func strangerChild() {
	conn, err := net.Dial("unix", os.Getenv("LOOP_TEST_ADDR"))
	if err == nil {
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		var n int
		n, err = conn.Read(make([]byte, 1))
		if n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			must(fmt.Errorf("the connection stays: read %d bytes, %v", n, err))
		}
	}
	fmt.Println("PASS", err)
}

// Package servers starts the servers that tests and benchmarks talk to: our
// own, built from this repository, and the reference redis-server from PATH.
//
// Every server gets a free port of the loopback interface, a directory of its
// own and a log file in it. Start returns when the server answers PING. Stop
// ends the process and removes the directory; Kill leaves the directory, so
// that Restart shows what survived.
package servers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNoRedis says that there is no redis-server on PATH.
var ErrNoRedis = errors.New("no redis-server on PATH")

// ErrNoMain says that the repository has no main program to build yet.
var ErrNoMain = errors.New("no main program in the repository")

const (
	readyTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
	portTries    = 4 // somebody else may take the free port before the server does
)

// Server is one running (or killed) server process.
type Server struct {
	Name string // file name of the program
	Addr string // host:port
	Port int
	Dir  string // working directory, removed by Stop

	bin   string
	args  []string
	setup Setup
	cmd   *exec.Cmd
	done  chan struct{} // closed when the process is gone
}

// Setup is how a server is run, beyond its command line. The zero value is
// what tests want.
type Setup struct {
	Env   []string              // added to our own environment
	Ready time.Duration         // longest wait for an answer, 20 s when zero
	Begin func(*exec.Cmd) error // starts the process; nil is cmd.Start
}

// Redis starts the redis-server on PATH without any persistence; args come
// last and override.
func Redis(args ...string) (*Server, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoRedis
	}
	return Start(bin, args...)
}

// Spindle builds this repository's server, once per process, and starts it
// like Redis.
func Spindle(args ...string) (*Server, error) {
	bin, err := Build()
	if err != nil {
		return nil, err
	}
	return Start(bin, args...)
}

// Start runs bin with the command line of redis-server.
func Start(bin string, args ...string) (*Server, error) { return Setup{}.Start(bin, args...) }

// Start is the function Start with this set-up, which Restart keeps.
func (u Setup) Start(bin string, args ...string) (*Server, error) {
	dir, err := os.MkdirTemp("", "spindle-server-")
	if err != nil {
		return nil, err
	}
	s := &Server{Name: filepath.Base(bin), Dir: dir, bin: bin, args: args, setup: u}
	for range portTries {
		if s.Port, err = freePort(); err != nil {
			break
		}
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
		if err = s.run(); err == nil {
			return s, nil
		}
		if !strings.Contains(s.LogTail(20), "in use") {
			break
		}
	}
	os.RemoveAll(dir)
	return nil, err
}

// Restart runs a killed server again: same port, directory and arguments.
func (s *Server) Restart() error {
	s.Kill()
	return s.run()
}

func (s *Server) run() error {
	log, err := os.OpenFile(s.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{"--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--dir", s.Dir,
		"--appendonly", "no", "--save", "", "--enable-debug-command", "yes"}, s.args...)
	s.cmd = exec.Command(s.bin, args...)
	s.cmd.Dir = s.Dir
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = dieWithParent()
	s.cmd.Env = append(os.Environ(), "LC_ALL=C") // SORT ALPHA follows the locale
	s.cmd.Env = append(s.cmd.Env, s.setup.Env...)
	s.done = make(chan struct{})
	if err := s.beginAndWait(s.cmd, s.done); err != nil {
		return err
	}
	if err := s.waitReady(); err != nil {
		s.Kill()
		return fmt.Errorf("%s: %w\n%s", s.Name, err, s.LogTail(20))
	}
	return nil
}

// beginAndWait starts cmd and closes done when it has ended. One thread does
// both and stays until then: Linux takes the end of the thread that started a
// process for the end of its parent (see dieWithParent).
func (s *Server) beginAndWait(cmd *exec.Cmd, done chan struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := s.begin()
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return <-started
}

func (s *Server) begin() error {
	if s.setup.Begin != nil {
		return s.setup.Begin(s.cmd)
	}
	return s.cmd.Start()
}

// waitReady polls until the server answers PING (an error reply is an answer
// too, unless it is still loading) or its process ends.
func (s *Server) waitReady() error {
	timeout := readyTimeout
	if s.setup.Ready > 0 {
		timeout = s.setup.Ready
	}
	deadline := time.Now().Add(timeout)
	for time.Now().Before(deadline) {
		select {
		case <-s.done:
			return fmt.Errorf("exited before it was ready: %v", s.cmd.ProcessState)
		case <-time.After(10 * time.Millisecond):
		}
		if line, err := ping(s.Addr); err == nil && !strings.HasPrefix(line, "-LOADING") {
			return nil
		}
	}
	return fmt.Errorf("not ready after %v", timeout)
}

func ping(addr string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

// Pid is the process id, for measurements and signals.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Alive reports whether the process still runs.
func (s *Server) Alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Kill ends the process at once, as kill -9 does, and waits for it.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Kill()
		<-s.done
	}
}

// Terminate asks the process to end in good order and waits; it reports
// whether it did in time. A process that did not is killed.
func (s *Server) Terminate() bool {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return true
	case <-time.After(stopTimeout):
		s.Kill()
		return false
	}
}

// Stop ends the process and removes its directory.
func (s *Server) Stop() {
	s.Kill()
	os.RemoveAll(s.Dir)
}

// LogPath is the file that holds what the server printed, until Stop.
func (s *Server) LogPath() string { return filepath.Join(s.Dir, "server.log") }

// LogTail returns the last n lines that the server printed.
func (s *Server) LogTail(n int) string {
	b, err := os.ReadFile(s.LogPath())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimRight(b, "\n"), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

const buildPrefix = "spindle-build-"

var build struct {
	sync.Once
	bin string
	err error
}

// Build compiles the server into a temporary file, once per process, and
// returns its path. Clean removes it; builds of processes that died without
// cleaning are removed by the next Build.
func Build() (string, error) {
	build.Do(func() { build.bin, build.err = compile("spindle") })
	return build.bin, build.err
}

// BuildTagged compiles the server with a build tag. Clean removes it.
func BuildTagged(tag string) (string, error) {
	return compile("spindle-"+tag, "-tags", tag)
}

// Clean removes what Build made.
func Clean() { os.RemoveAll(buildDir()) }

func buildDir() string {
	return filepath.Join(os.TempDir(), buildPrefix+strconv.Itoa(os.Getpid()))
}

// compile builds the server under a file name, with some flags.
func compile(name string, flags ...string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "main.go")); err != nil {
		return "", ErrNoMain
	}
	removeStaleBuilds()
	bin := filepath.Join(buildDir(), name)
	args := append([]string{"build", "-o", bin}, flags...)
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// removeStaleBuilds deletes the build directories of processes that are gone.
func removeStaleBuilds() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), buildPrefix+"*"))
	for _, d := range dirs {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(d), buildPrefix))
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			os.RemoveAll(d)
		}
	}
}

// Root is the directory of this module's go.mod, looked for from the working
// directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(b, []byte("module spindle\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the spindle module")
		}
		dir = up
	}
}

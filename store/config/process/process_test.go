package process

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/store/config"
)

// TestMain is also the program that TestDaemonize sends to the background.
func TestMain(m *testing.M) {
	if report := os.Getenv("SPINDLE_TEST_REPORT"); report != "" {
		daemon(report)
		return
	}
	os.Exit(m.Run())
}

func daemon(report string) {
	if !IsDaemon() {
		if err := Daemonize(os.Getenv("SPINDLE_TEST_INPUT")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	input, _ := io.ReadAll(os.Stdin)
	sid, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
	text := fmt.Sprint(int(sid) == os.Getpid(), " ", IsDaemon(), " ", os.Args[1:], " ", string(input))
	if err := os.WriteFile(report+".tmp", []byte(text), 0o644); err == nil {
		_ = os.Rename(report+".tmp", report)
	}
}

// TestDaemonize checks that the process in the background leads a session and got arguments and input.
func TestDaemonize(t *testing.T) {
	for _, input := range []string{"", "port 0\n"} {
		report := filepath.Join(t.TempDir(), "report")
		cmd := exec.Command(os.Args[0], "--port", "0")
		cmd.Env = append(os.Environ(), "SPINDLE_TEST_REPORT="+report, "SPINDLE_TEST_INPUT="+input)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v %s", err, out)
		}
		var got []byte
		for range 3000 {
			var err error
			if got, err = os.ReadFile(report); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if want := "true false [--port 0] " + input; string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPidfile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pid")
	if err := WritePidfile(name); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(name); string(b) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("%q", b)
	}
	if err := RemovePidfile(name); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is still there")
	}
	if err := os.WriteFile(name, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := RemovePidfile(name); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error("somebody else's file is gone")
	}
}

func TestSystemd(t *testing.T) {
	names := []string{filepath.Join(t.TempDir(), "n")}
	if runtime.GOOS == "linux" {
		names = append(names, fmt.Sprintf("@spindle-test-%d", os.Getpid()))
	}
	for _, name := range names {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("NOTIFY_SOCKET", name)
		s, err := Supervise(config.SupervisedAuto)
		if err != nil || !s.Active() || s.String() != "systemd" {
			t.Fatal(s, err)
		}
		if err := s.Ready("Ready to\naccept"); err != nil {
			t.Fatal(err)
		}
		if err := s.Stopping(); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		for _, want := range []string{"STATUS=Ready to accept\n", "READY=1\n", "STOPPING=1\n"} {
			c.SetReadDeadline(time.Now().Add(30 * time.Second))
			if n, err := c.Read(b); err != nil || string(b[:n]) != want {
				t.Fatal(string(b[:n]), err)
			}
		}
		c.Close()
	}
}

func TestNobodySupervises(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("UPSTART_JOB", "")
	for mode, bad := range map[config.Supervised]bool{config.SupervisedNo: false, config.SupervisedAuto: false,
		config.SupervisedSystemd: true, config.SupervisedUpstart: true} {
		s, err := Supervise(mode)
		if s.Active() || s.String() != "no" || bad != (err != nil) || s.Ready("x") != nil {
			t.Error(mode, err)
		}
	}
}

func TestOomScore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "adj")
	if err := os.WriteFile(file, []byte("100\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := OomScore{file: file}
	c := config.Defaults()
	try := func(adj config.OomScoreAdj, value int, want string) {
		t.Helper()
		c.OomScoreAdj, c.OomScoreAdjValues[0] = adj, value
		if err := o.Apply(c); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(file); strings.TrimSpace(string(b)) != want {
			t.Errorf("%s, want %s", b, want)
		}
	}
	try(config.OomNo, 5, "100")
	try(config.OomRelative, 5, "105")
	try(config.OomYes, 7, "107")
	try(config.OomAbsolute, 7, "7")
	try(config.OomAbsolute, 2000, "1000")
	try(config.OomNo, 7, "100")
}

// Package process is what a server does as a Unix process: going to the background, its pid file, telling
// its supervisor, its place in the kernel's out-of-memory order.
//
// Go cannot fork, so "daemonize yes" starts the program a second time, in a session of its own and
// without a terminal, and the first one exits. Start-up up to that point (reading the configuration) happens
// twice; the second process knows by an environment variable that it is the one to stay.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// daemonEnv marks the second process.
const daemonEnv = "SPINDLE_DAEMONIZED"

// DefaultPidfile is where a background server writes its pid if it was not told a place.
const DefaultPidfile = "/var/run/redis.pid"

// IsDaemon reports whether this process is the one in the background, and clears the mark, so that programs
// that it starts do not see it.
func IsDaemon() bool {
	marked := os.Getenv(daemonEnv) != ""
	if marked {
		_ = os.Unsetenv(daemonEnv)
	}
	return marked
}

// Daemonize starts this program again with the same arguments, in the background. The caller exits with 0
// if there is no error. input is what the new process finds on its standard input: the configuration that this
// one has already read from there; without it, the null device.
func Daemonize(input string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe)
	cmd.Args = os.Args
	return start(cmd, input)
}

func start(cmd *exec.Cmd, input string) error {
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if input == "" {
		return release(cmd)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdin = r
	err = release(cmd)
	_ = r.Close()
	if err == nil {
		_, err = w.WriteString(input)
	}
	return errors.Join(err, w.Close())
}

// release starts cmd and lets go of it.
func release(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// WritePidfile writes our process id.
func WritePidfile(name string) error {
	return os.WriteFile(name, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644)
}

// RemovePidfile removes the file if it names us: another server may have taken it over.
func RemovePidfile(name string) error {
	b, err := os.ReadFile(name)
	if err != nil || strings.TrimSpace(string(b)) != fmt.Sprint(os.Getpid()) {
		return err
	}
	return os.Remove(name)
}

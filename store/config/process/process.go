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
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// restartEnv tells a process that took the place of another how long to wait before it begins, in nanoseconds.
const restartEnv = "SPINDLE_RESTART_DELAY"

// Restart replaces this process by a fresh one of the same program, with the same arguments, which waits for delay before it begins. All
// descriptors but the standard ones are closed. It returns only if that fails.
func Restart(delay time.Duration, daemon bool) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	const manyDescriptors = 1 << 20
	for fd := 3; fd < int(min(uint64(limit.Cur), manyDescriptors)); fd++ {
		syscall.CloseOnExec(fd)
	}
	env := append(os.Environ(), fmt.Sprintf("%s=%d", restartEnv, delay))
	if daemon {
		env = append(env, daemonEnv+"=1")
	}
	return syscall.Exec(exe, os.Args, env)
}

// AwaitRestart waits if this process was begun by Restart with a delay.
func AwaitRestart() {
	delay, err := strconv.ParseInt(os.Getenv(restartEnv), 10, 64)
	_ = os.Unsetenv(restartEnv)
	if err == nil {
		time.Sleep(time.Duration(delay))
	}
}

// Abort ends this process at once: the runtime shows what all goroutines do, and the system may leave a core file.
func Abort() {
	debug.SetTraceback("crash")
	_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
	select {}
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

package process

import (
	"cmp"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"spindle/store/config"
)

// Supervisor is the process that watches us: systemd, upstart or nobody. The zero value is nobody.
type Supervisor struct {
	socket string // systemd's, for notifications
	name   string
}

var (
	errNoSocket  = errors.New("systemd supervision error: NOTIFY_SOCKET not found!")
	errNoUpstart = errors.New("upstart supervision requested, but UPSTART_JOB not found!")
)

// Supervise finds the supervisor that mode asks for. Upstart is told at once, by stopping this process until it
// continues it. An error says that the supervisor is not there; the server runs all the same.
func Supervise(mode config.Supervised) (Supervisor, error) {
	if mode == config.SupervisedAuto {
		mode = detect()
	}
	switch mode {
	case config.SupervisedSystemd:
		socket := os.Getenv("NOTIFY_SOCKET")
		if socket == "" {
			return Supervisor{}, errNoSocket
		}
		return Supervisor{socket, mode.String()}, nil
	case config.SupervisedUpstart:
		if os.Getenv("UPSTART_JOB") == "" {
			return Supervisor{}, errNoUpstart
		}
		_ = os.Unsetenv("UPSTART_JOB")
		return Supervisor{name: mode.String()}, syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
	return Supervisor{}, nil
}

func detect() config.Supervised {
	switch {
	case os.Getenv("UPSTART_JOB") != "":
		return config.SupervisedUpstart
	case os.Getenv("NOTIFY_SOCKET") != "":
		return config.SupervisedSystemd
	}
	return config.SupervisedNo
}

// String names the supervisor: systemd, upstart or no.
func (s Supervisor) String() string { return cmp.Or(s.name, config.SupervisedNo.String()) }

// Active reports whether systemd listens. A supervised server does not go to the background.
func (s Supervisor) Active() bool { return s.socket != "" }

// Status tells what the server is doing.
func (s Supervisor) Status(text string) error { return s.notify("STATUS=" + oneLine(text) + "\n") }

// Ready tells that the server answers, and what it is doing.
func (s Supervisor) Ready(text string) error {
	return errors.Join(s.Status(text), s.notify("READY=1\n"))
}

// Stopping tells that the server is about to end.
func (s Supervisor) Stopping() error { return s.notify("STOPPING=1\n") }

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// notify sends one datagram. A name that starts with @ is in Linux's abstract namespace.
func (s Supervisor) notify(state string) error {
	if s.socket == "" {
		return nil
	}
	if s.socket[0] != '/' && s.socket[0] != '@' {
		return errors.New("systemd supervision error: NOTIFY_SOCKET is no path: " + s.socket)
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = c.Write([]byte(state))
	return errors.Join(err, c.Close())
}

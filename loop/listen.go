package loop

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrUnixSocket tells the failures of Listen that concern the Unix socket from those of the TCP addresses.
var ErrUnixSocket = errors.New("could not create Unix socket")

// unixPathMax is what fits sockaddr_un on every system.
const unixPathMax = 103

// tcpAddresses tries to bind each address and returns them as evio wants them.
// Addresses of a family the system does not have are skipped, and optional ones the machine does not have.
func tcpAddresses(cfg Config) ([]string, error) {
	var addrs []string
	for i, a := range cfg.TCP {
		network, address, err := splitAddress(a)
		if err != nil {
			return nil, err
		}
		ln, err := net.Listen(network, address)
		if err == nil {
			ln.Close()
			addrs = append(addrs, network+"://"+address)
			continue
		}
		err = fmt.Errorf("could not create server TCP listening socket %s: %w", a, bindError(err))
		optional := i < len(cfg.Optional) && cfg.Optional[i]
		if !unsupported(err) && !(optional && errors.Is(err, syscall.EADDRNOTAVAIL)) {
			return nil, err
		}
		if cfg.Logf != nil {
			cfg.Logf("warning", "Warning: %v", err)
		}
	}
	if len(cfg.TCP) > 0 && len(addrs) == 0 {
		return nil, errors.New("none of the configured addresses can be bound")
	}
	return addrs, nil
}

// splitAddress chooses the family, so that [::] does not take IPv4 as well.
func splitAddress(a string) (network, address string, err error) {
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		return "", "", fmt.Errorf("invalid address: %w", err)
	}
	if strings.ContainsAny(a, "?/") {
		return "", "", fmt.Errorf("invalid address: %s", a)
	}
	if host == "*" {
		host = "0.0.0.0"
	}
	network = "tcp4"
	if strings.Contains(host, ":") {
		network = "tcp6"
	}
	if host == "::*" {
		host = "::"
	}
	return network, net.JoinHostPort(host, port), nil
}

func unsupported(err error) bool {
	for _, e := range []error{syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ESOCKTNOSUPPORT, syscall.EPFNOSUPPORT, syscall.ENOPROTOOPT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// bindError says what the system said: "bind: Address already in use".
func bindError(err error) error {
	var call *os.SyscallError
	var errno syscall.Errno
	if errors.As(err, &call) && errors.As(call.Err, &errno) {
		return sysError{call.Syscall, errno}
	}
	return err
}

// sysError prints like C programs do, with a capital.
type sysError struct {
	call  string
	errno syscall.Errno
}

func (e sysError) Unwrap() error { return e.errno }

func (e sysError) Error() string {
	text := e.errno.Error()
	return e.call + ": " + strings.ToUpper(text[:1]) + text[1:]
}

// The Unix socket.
//
// evio removes whatever is at the path it is given, directories included, both
// before binding and at the end. So it gets an unguessable name beside the real
// one, and the bound socket is renamed: nothing but a stale socket is ever replaced, and the path appears with its
// permissions set.

// prepareUnix checks the path and returns the name to bind.
func (l *Loop) prepareUnix() (temp string, err error) {
	if l.unixPath == "" { // once: the working directory may change later
		l.unixPath = l.cfg.UnixSocket
		if abs, err := filepath.Abs(l.unixPath); err == nil && len(abs) <= unixPathMax {
			l.unixPath = abs
		}
	}
	path := l.unixPath
	if err := checkUnix(path); err != nil {
		return "", fmt.Errorf("%w %s: %w", ErrUnixSocket, l.cfg.UnixSocket, err)
	}
	temp = filepath.Join(filepath.Dir(path), tempName(rand.Text()))
	if len(temp) > unixPathMax || strings.ContainsRune(temp, '?') || strings.Contains(temp, "://") {
		return "", fmt.Errorf("%w %s: the directory's name is too long or has ? or :// in it", ErrUnixSocket, l.cfg.UnixSocket)
	}
	return temp, nil
}

// tempName is ten bytes.
func tempName(random string) string { return ".s" + fmt.Sprintf("%-8.8s", random) }

// checkUnix allows a path with nothing or a dead socket.
func checkUnix(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode().Type() != fs.ModeSocket {
		return errors.New("the path exists and is not a socket")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return sysError{"bind", syscall.EADDRINUSE}
}

// publish follows the binding: it notes the addresses and puts the Unix socket in its place.
func (l *Loop) publish(addrs []net.Addr, unixTemp string) error {
	if l.bound != nil { // a restart
		if unixTemp != "" {
			return l.publishUnix(unixTemp)
		}
		return nil
	}
	bound := append([]net.Addr(nil), addrs...)
	for i, a := range addrs {
		if tcp, ok := a.(*net.TCPAddr); ok && tcp.Port != 0 { // the same port after a restart
			network, _, _ := strings.Cut(l.addrs[i+1], "://")
			l.addrs[i+1] = network + "://" + tcp.String()
		}
	}
	if unixTemp != "" {
		bound[len(addrs)-1] = &net.UnixAddr{Net: "unix", Name: l.cfg.UnixSocket}
		if err := l.publishUnix(unixTemp); err != nil {
			return err
		}
	}
	l.bound = bound
	return nil
}

// publishUnix puts the bound socket in its place, or removes it.
func (l *Loop) publishUnix(temp string) error {
	err := l.placeUnix(temp)
	if err != nil {
		os.Remove(temp)
		err = fmt.Errorf("%w %s: %w", ErrUnixSocket, l.cfg.UnixSocket, err)
	}
	return err
}

func (l *Loop) placeUnix(temp string) error {
	if l.cfg.UnixPerm != 0 {
		if err := os.Chmod(temp, l.cfg.UnixPerm); err != nil {
			return err
		}
	}
	if err := checkUnix(l.unixPath); err != nil {
		return err
	}
	if err := os.Rename(temp, l.unixPath); err != nil {
		return err
	}
	fi, err := os.Lstat(l.unixPath)
	l.unixFile = fi
	return err
}

// unpublish removes the path if it is still our socket.
func (l *Loop) unpublish() {
	if l.unixFile == nil {
		return
	}
	if fi, err := os.Lstat(l.unixPath); err == nil && os.SameFile(fi, l.unixFile) {
		os.Remove(l.unixPath)
	}
}

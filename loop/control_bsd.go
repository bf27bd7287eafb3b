//go:build darwin || freebsd || netbsd || openbsd

package loop

import (
	"fmt"
	"os"
	"path/filepath"
)

// controlAddress names a fresh socket for the control connection, in a directory
// that only this user can enter. remove is called once we are connected.
func controlAddress() (addr string, remove func(), err error) {
	for _, parent := range []string{os.TempDir(), "/tmp", "/var/tmp", "."} {
		var dir string
		if dir, err = os.MkdirTemp(parent, "spindle"); err != nil {
			continue
		}
		path := filepath.Join(dir, "c")
		if len(path) <= unixPathMax {
			return "unix://" + path, func() { os.RemoveAll(dir) }, nil
		}
		os.Remove(dir)
		err = fmt.Errorf("path too long: %s", path)
	}
	return "", nil, fmt.Errorf("no directory for the wake-up socket: %w", err)
}

// trustedControl reports whether the peer is this process; the directory saw to that.
func trustedControl(int) bool { return true }

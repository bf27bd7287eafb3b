package aof

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData is fdatasync(2): it leaves out the time stamps, which saves a
// journal commit on most file systems.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// adviseSequential asks for a large read-ahead. It is advice: errors do not matter.
func adviseSequential(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL)
}

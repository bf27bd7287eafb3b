package process

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Usage is what a process takes of the machine.
type Usage struct {
	RSS         int64 // resident bytes
	TotalMemory int64 // of the machine, in bytes; 0: unknown
	// CPU seconds of this process, and of children that have ended.
	User, System                 float64
	ChildrenUser, ChildrenSystem float64
}

// CurrentUsage asks the system about this process.
func CurrentUsage() Usage {
	var self, children syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self)
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)
	return Usage{
		RSS:            residentBytes(&self),
		TotalMemory:    totalMemory(),
		User:           seconds(self.Utime),
		System:         seconds(self.Stime),
		ChildrenUser:   seconds(children.Utime),
		ChildrenSystem: seconds(children.Stime),
	}
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// SystemName returns the operating system's name, release and machine, as "Linux 6.1.0 x86_64".
func SystemName() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return strings.Join([]string{unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])}, " ")
}

// Executable returns the program's path.
func Executable() string {
	path, _ := os.Executable()
	return path
}

//go:build !linux

package process

import (
	"runtime"
	"syscall"
)

// residentBytes is the most the process has had so far: there is no cheap way to ask for what it has now.
func residentBytes(self *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return int64(self.Maxrss)
	}
	return int64(self.Maxrss) << 10
}

func totalMemory() int64 { return 0 }

//go:build profile

package process

import (
	"os"
	"runtime/pprof"
)

// Profile starts a CPU profile in builds tagged "profile", into the file that SPINDLE_CPUPROFILE names. It returns
// what ends it. Other builds do nothing.
func Profile() (stop func()) {
	f, err := os.Create(os.Getenv("SPINDLE_CPUPROFILE"))
	if err != nil {
		return func() {}
	}
	pprof.StartCPUProfile(f)
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}
}

//go:build !profile

package process

// Profile starts a CPU profile in builds tagged "profile", into the file that SPINDLE_CPUPROFILE names. It returns
// what ends it. Other builds do nothing.
func Profile() (stop func()) { return func() {} }

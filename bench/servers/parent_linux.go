package servers

import "syscall"

// dieWithParent makes the kernel kill the server when we die without stopping
// it, as a test binary does on its time limit.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

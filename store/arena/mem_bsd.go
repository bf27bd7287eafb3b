//go:build darwin || freebsd || netbsd || openbsd

package arena

import "golang.org/x/sys/unix"

const (
	mapNoReserve = 0
	adviceFree   = unix.MADV_FREE
)

// adviseHuge does nothing: these systems choose page sizes themselves.
func (r *reservation) adviseHuge(bool) {}

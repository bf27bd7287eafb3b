//go:build !linux

package loop

// Elsewhere the loop does not breathe: there always seems to be something to do.
func pollCount(int) int { return breathWindow }
func nap(int64)         {}

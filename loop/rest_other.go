//go:build !linux

package loop

import "time"

// rester is only there on Linux; elsewhere an idle loop waits in evio.
type rester struct{}

func newRester(int) *rester    { return nil }
func pollReady(int) bool       { return false }
func (*rester) wait(time.Time) {}
func (*rester) close()         {}

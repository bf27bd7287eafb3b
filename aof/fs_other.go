//go:build !linux

package aof

import "os"

// syncData is os.File.Sync: fsync(2), and on darwin F_FULLFSYNC, since fsync
// there leaves the data in the drive's cache.
func syncData(f *os.File) error { return f.Sync() }

func adviseSequential(*os.File) {}

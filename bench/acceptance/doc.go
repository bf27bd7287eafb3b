// Package acceptance plays the hostile world and the operator against a server
// process built from this repository: junk, floods, clients that do not read,
// resets, full disks, kill -9, configuration files, signals.
//
// Where a comparison is meant, a redis-server runs beside it and supplies what
// to expect; such tests skip where there is none. Bounds on memory and time are
// generous: they catch what is broken, not what is slow. The measured figures are
// logged (go test -v).
package acceptance

// Package clients uses the server as applications do, through Go's client
// libraries: go-redis, rueidis with client-side caching, asynq, redsync.
//
// Every test runs twice, against a server built from this repository and
// against the redis-server on PATH, and has to pass on both: what the libraries
// show is what redis-server shows. It is a module of its own, so that the
// server's go.mod does not grow.
package clients

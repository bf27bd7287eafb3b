// Package cli runs redis-cli and redis-benchmark, as an operator does, in every
// mode they have, and nc with pipelined commands.
//
// What they print for our server is compared with what they print for
// redis-server wherever that is deterministic; elsewhere with its form. No
// program runs without a time limit.
package cli

package main

import (
	"slices"
	"strings"

	"spindle/bench/client"
	"spindle/bench/pace"
)

// A test is one line of the table of speeds: a test of redis-benchmark and
// what must be there before it runs.
type test struct {
	name   string
	args   []string // redis-benchmark's last arguments: -t and its test, or a command
	spaced bool     // the key space (-r) makes a difference
	goal   string   // name of the goals it is held against

	// fill prepares a server for n requests in a key space; nil for nothing.
	fill func(addr string, n, space int) error
}

const value16 = "abcdefghijklmnop"

var tests = []test{
	{name: "PING", args: []string{"-t", "ping_mbulk"}, goal: core},
	{name: "GET", args: []string{"-t", "get"}, spaced: true, goal: core, fill: fillKeys},
	{name: "SET", args: []string{"-t", "set"}, spaced: true, goal: core},
	{name: "INCR", args: []string{"-t", "incr"}, spaced: true, goal: core},
	{name: "HSET", args: []string{"-t", "hset"}, spaced: true, goal: core},
	{name: "MSET", args: []string{"-t", "mset"}, spaced: true, goal: core},
	{name: "LPUSH", args: []string{"-t", "lpush"}, goal: types},
	{name: "RPUSH", args: []string{"-t", "rpush"}, goal: types},
	{name: "LPOP", args: []string{"-t", "lpop"}, goal: types, fill: fillList},
	{name: "RPOP", args: []string{"-t", "rpop"}, goal: types, fill: fillList},
	{name: "SADD", args: []string{"-t", "sadd"}, spaced: true, goal: types},
	{name: "SPOP", args: []string{"-t", "spop"}, goal: types, fill: fillSet},
	{name: "ZADD", args: []string{"-t", "zadd"}, spaced: true, goal: types},
	{name: "ZPOPMIN", args: []string{"-t", "zpopmin"}, goal: types, fill: fillZset},
	// As redis-benchmark's lrange_100, whose own preparation would be measured too.
	{name: "LRANGE_100", args: []string{"LRANGE", "mylist", "0", "99"}, goal: types, fill: fillShortList},
	{name: "XADD", args: []string{"XADD", "mystream", "*", "field", value16}, goal: types},
}

// Goals hold throughput and server CPU per command, both as multiples of the
// reference server's, by depth of the pipeline.
type goal struct {
	throughput map[int]float64 // at least
	cpu        map[int]float64 // at most
	mean       map[int]float64 // geometric mean of the throughputs of all its tests, at least
}

const (
	core  = "core"
	types = "types"
)

var goals = map[string]goal{
	core: {
		throughput: map[int]float64{1: 0.97, 16: 1.2, 128: 1.5},
		cpu:        map[int]float64{1: 1.05, 16: 0.8, 128: 0.6},
	},
	types: {
		throughput: map[int]float64{16: 1.0},
		mean:       map[int]float64{16: 1.2, 128: 1.5},
	},
	goalScripts: {throughput: map[int]float64{1: 0.7, 16: 0.7, 128: 0.7}},
}

func testNames() []string {
	var names []string
	for _, t := range tests {
		names = append(names, t.name)
	}
	return names
}

func findTest(name string) (test, bool) {
	i := slices.IndexFunc(tests, func(t test) bool { return strings.EqualFold(t.name, name) })
	if i < 0 {
		return test{}, false
	}
	return tests[i], true
}

// fillKeys sets every key that GET may ask for. Without a key space
// redis-benchmark asks for the name of the placeholder.
func fillKeys(addr string, _, space int) error {
	if space == 0 {
		return client.Load(addr, 1, func(c *client.Conn, _ int) { c.Send("SET", "key:__rand_int__", value16) }, nil)
	}
	return client.Load(addr, space, putString(len(value16)), nil)
}

func fillList(addr string, n, _ int) error {
	return client.Load(addr, n, func(c *client.Conn, _ int) { c.Send("RPUSH", "mylist", value16) }, nil)
}

func fillShortList(addr string, _, _ int) error { return fillList(addr, 100, 0) }

func fillSet(addr string, n, _ int) error {
	return client.Load(addr, n, func(c *client.Conn, i int) {
		c.Begin(3)
		c.Arg("SADD")
		c.Arg("myset")
		putKey(c, i)
	}, nil)
}

func fillZset(addr string, n, _ int) error {
	return client.Load(addr, n, func(c *client.Conn, i int) {
		c.Begin(4)
		c.Arg("ZADD")
		c.Arg("myzset")
		c.Int(scatter(i))
		putKey(c, i)
	}, nil)
}

// putString sets key i to a value of some size.
func putString(size int) client.Put {
	value := []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", size/26+1)[:size])
	return func(c *client.Conn, i int) {
		c.Begin(3)
		c.Arg("SET")
		putKey(c, i)
		c.Bytes(value)
	}
}

// putKey appends the 16-byte name of key i as an argument.
func putKey(c *client.Conn, i int) {
	var b [16]byte
	c.Bytes(pace.AppendKey(b[:0], i))
}

// scatter maps i to a number that looks random, without repeats below 2^31.
func scatter(i int) int64 { return int64(uint32(i) * 2654435761 >> 1) }

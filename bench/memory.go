package main

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
)

// settle is how long a server may tidy up after loading before its memory is
// read: both shrink the buffers of gone clients in the background.
const settle = 3 * time.Second

// hour is a time to live that does not run out while we measure.
const hour = "3600000" // milliseconds

// A shape is one kind of data whose memory is measured, divided by its number
// of keys or, for one large value, of elements.
type shape struct {
	name   string
	per    string               // what the bytes are divided by
	goal   float64              // at most this multiple of the reference server's
	number func(o *options) int // of keys or elements
	put    client.Put           // one command per key or element
}

func perKey(o *options) int { return o.memoryKeys }

var shapes = []shape{
	{"16 B key, 16 B value", "key", 0.65, perKey, putString(16)},
	{"16 B key, 32 B value", "key", 0.65, perKey, putString(32)},
	{"16 B value and TTL", "key", 0.65, perKey, putExpiring(16)},
	{"32 B value and TTL", "key", 0.65, perKey, putExpiring(32)},
	{"1 KB value", "key", 0.95, perKey, putString(1024)},
	{"hash, 10 fields", "key", 0.9, perKey, putHash},
	{"list, 20 elements", "key", 0.9, perKey, putCollection("RPUSH", 1, "element:", 20)},
	{"set of 20 integers", "key", 0.9, perKey, putCollection("SADD", 1, "", 20)},
	{"sorted set, 20 members", "key", 0.9, perKey, putCollection("ZADD", 2, "member:", 20)},
	{"one large set", "element", 0.7, perKey, putElement("SADD", "big")},
	{"one large hash", "element", 0.7, perKey, putElement("HSET", "big", value16)},
	{"one large sorted set", "element", 0.7, perKey, putLargeZset},
	{"one large list", "element", 1.1, perKey, putElement("RPUSH", "big")},
	{"one stream", "element", 1.1, func(o *options) int { return max(o.memoryKeys/2, 1) }, putEntry},
}

func (b *bench) memory(r *report.Report) error {
	t := r.Table("bytes per key or element, resident memory less that of the empty server",
		"shape", "number", "redis", "spindle", "ratio", "goal")
	var labels []string
	series := [2]report.Series{{Name: redis.String()}, {Name: spindle.String()}}
	for _, s := range shapes {
		var bytes [2]float64
		for _, who := range sides {
			v, err := b.memoryOf(s, who)
			if unknownCommand(err) {
				r.Notef("%s was not measured on %v: %s", s.name, who, brief(err))
				continue
			}
			if err != nil {
				return fmt.Errorf("%s, %v: %w", s.name, who, err)
			}
			bytes[who] = v
		}
		t.Row(s.name, count(s.number(b.opt))+" "+s.per+"s", fmt.Sprintf("%.1f", bytes[redis]), fmt.Sprintf("%.1f", bytes[spindle]),
			ratio(bytes[spindle], bytes[redis]), atMost(bytes[spindle], bytes[redis], s.goal))
		labels = append(labels, s.name)
		for _, who := range sides {
			series[who].Values = append(series[who].Values, 100*bytes[who]/max(bytes[redis], 1))
		}
	}
	r.Bars("memory", "Resident memory per key or element, redis = 100", "%", labels, series[:]...)
	r.Notef("read %v after the loading connections closed; keys are 16 bytes long", settle)
	return nil
}

// memoryOf loads one shape into a fresh server and returns the bytes per key
// or element.
func (b *bench) memoryOf(s shape, who side) (float64, error) {
	srv, err := b.start(who, setting{}, logArgs(false)...)
	if err != nil {
		return 0, err
	}
	defer b.stop(srv)
	empty, err := proc.RSS(srv.Pid())
	if err != nil {
		return 0, err
	}
	number := s.number(b.opt)
	if err := b.load(srv.Addr, number, s.put, "memory: %s, %v", s.name, who); err != nil {
		return 0, err
	}
	time.Sleep(settle)
	full, err := proc.RSS(srv.Pid())
	return float64(full-empty) / float64(number), err
}

// load fills a server and shows how far it is.
func (b *bench) load(addr string, n int, put client.Put, format string, a ...any) error {
	what := fmt.Sprintf(format, a...)
	b.progress.Stepf("%s", what)
	var done atomic.Int64
	return client.Load(addr, n, put, func(k int) {
		b.progress.Tickf("%s: %d %% loaded", what, done.Add(int64(k))*100/int64(n))
	})
}

func putExpiring(size int) client.Put {
	value := make([]byte, size)
	for i := range value {
		value[i] = 'v'
	}
	return func(c *client.Conn, i int) {
		c.Begin(5)
		c.Arg("SET")
		putKey(c, i)
		c.Bytes(value)
		c.Arg("PX")
		c.Arg(hour)
	}
}

// putHash sets ten fields of 7 bytes to values of 16.
func putHash(c *client.Conn, i int) {
	c.Begin(22)
	c.Arg("HSET")
	putKey(c, i)
	for f := range 10 {
		c.Arg("field:" + strconv.Itoa(f))
		c.Arg(value16)
	}
}

// putCollection adds n elements to key i, named by a number of at most three
// digits behind prefix. A ZADD has width 2: the score comes first.
func putCollection(name string, width int, prefix string, n int) client.Put {
	return func(c *client.Conn, i int) {
		c.Begin(2 + n*width)
		c.Arg(name)
		putKey(c, i)
		for e := range n {
			num := strconv.Itoa((i + e*37) % 1000)
			if width == 2 {
				c.Arg(num)
			}
			c.Arg(prefix + num)
		}
	}
}

// putElement adds the 16-byte element i to one key, with arguments behind it.
func putElement(name, key string, rest ...string) client.Put {
	return func(c *client.Conn, i int) {
		c.Begin(3 + len(rest))
		c.Arg(name)
		c.Arg(key)
		putKey(c, i)
		for _, a := range rest {
			c.Arg(a)
		}
	}
}

func putLargeZset(c *client.Conn, i int) {
	c.Begin(4)
	c.Arg("ZADD")
	c.Arg("big")
	c.Int(scatter(i))
	putKey(c, i)
}

// putEntry adds an entry of two fields.
func putEntry(c *client.Conn, i int) {
	c.Begin(7)
	c.Arg("XADD")
	c.Arg("big")
	c.Arg("*")
	c.Arg("sensor")
	c.Int(int64(i % 1000))
	c.Arg("value")
	c.Int(scatter(i) % 100000)
}

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// The section large looks at single values of millions of elements: whether
// their end stops the server for others, and what it costs to reach into them.

// pingEvery is how often the second client asks while a value goes.
const pingEvery = 200 * time.Microsecond

// elementsPerCommand is how many elements one command adds while filling.
const elementsPerCommand = 100

// A largeValue is one type of value.
type largeValue struct {
	name string
	put  func(c *client.Conn, i int) // adds elements from i*elementsPerCommand on to the key "big"
}

var largeValues = []largeValue{
	{"list", putMany("RPUSH", 1)},
	{"set", putMany("SADD", 1)},
	{"hash", putMany("HSET", 2)},
	{"sorted set", putMany("ZADD", 2)},
	{"stream", nil}, // one command adds one entry
}

// putMany adds elements; of two arguments each, the number comes first for ZADD.
func putMany(name string, width int) client.Put {
	return func(c *client.Conn, i int) {
		c.Begin(2 + width*elementsPerCommand)
		c.Arg(name)
		c.Arg("big")
		for e := i * elementsPerCommand; e < (i+1)*elementsPerCommand; e++ {
			if name == "ZADD" {
				c.Int(scatter(e))
			}
			putKey(c, e)
			if name == "HSET" {
				c.Int(int64(e))
			}
		}
	}
}

// endings are the ways in which a value goes.
var endings = []struct {
	name string
	args []string
}{
	{"DEL", []string{"DEL", "big"}},
	{"overwritten by SET", []string{"SET", "big", "x"}},
	{"expires", []string{"PEXPIRE", "big", "1"}},
}

func (b *bench) large(r *report.Report) error {
	n := b.opt.largeElements / elementsPerCommand * elementsPerCommand
	t := r.Table(fmt.Sprintf("a value of %s elements goes; ms of PING of another client meanwhile", count(n)),
		"type", "how", "p99", "max", "the command", "longest slice, CPU / wall", "goal", "max before", "elements gone after")
	for i, v := range largeValues {
		if err := b.endOf(t, v, i, n); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	r.Notef("%s; the PING before, with nothing to reclaim, tells what the machine adds", sliceNote)
	if err := b.reach(r, "list", n, putMany("RPUSH", 1), []cost{
		one("LINDEX big " + strconv.Itoa(n/2)), several("LINSERT and LREM next to the middle", "LSET big "+strconv.Itoa(n/2)+" pivot", "LINSERT big BEFORE pivot new", "LREM big 1 new"),
		one("LRANGE big " + strconv.Itoa(n/2) + " " + strconv.Itoa(n/2+9)),
	}); err != nil {
		return err
	}
	return b.reach(r, "sorted set", n, putMany("ZADD", 2), []cost{
		several("ZADD and ZREM", "ZADD big 1000000000 new", "ZREM big new"), several("ZRANK", "ZRANK big "+keyName(n/2)),
		one("ZRANGEBYSCORE big 1000000000 +inf LIMIT 0 10"), several("ZPOPMIN and ZADD", "ZPOPMIN big", "ZADD big 0 first"),
	})
}

func keyName(i int) string { return fmt.Sprintf("key:%012d", i) }

// endOf has a value go in every way if it is of the first type, else by DEL: the
// reclaiming is the same.
func (b *bench) endOf(t *report.Table, v largeValue, number, n int) error {
	for e := range endings {
		if err := b.endOnce(t, v, e, n); err != nil {
			return err
		}
		if number > 0 { // all ways for the first type, DEL for the others
			return nil
		}
	}
	return nil
}

// endOnce fills a value, has it go and pings meanwhile.
func (b *bench) endOnce(t *report.Table, v largeValue, e, n int) error {
	s, err := b.start(spindle, setting{}, logArgs(false)...)
	if err != nil {
		return err
	}
	defer b.stop(s)
	if err := b.fillLarge(s, v, n); err != nil {
		return err
	}
	c, err := client.Dial(s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	before, err := pings(s, time.Second, nil)
	if err != nil {
		return err
	}
	if _, err := c.Do("CONFIG", "RESETSTAT"); err != nil {
		return err
	}
	start, gone := time.Now(), time.Duration(0)
	during, err := pings(s, 30*time.Second, func() (done bool, err error) {
		if gone == 0 {
			gone = 1
			_, err := c.Do(endings[e].args...)
			return false, err
		}
		info, err := c.Info("memory")
		pending, known := info["lazyfree_pending_objects"]
		if gone = time.Since(start); gone < 200*time.Millisecond {
			return false, err
		}
		return known && pending == "0", err
	})
	if err != nil {
		return err
	}
	info, err := c.Info("all")
	if err != nil {
		return err
	}
	command := usecOf(info["cmdstat_"+strings.ToLower(endings[e].args[0])])
	slice := sliceOf(info)
	t.Row(v.name, endings[e].name, millis(during[len(during)*99/100]), millis(during[len(during)-1]),
		fmt.Sprintf("%.3f", command/1000), slice.String(), withinSlice(max(slice.cpu, command)),
		millis(before[len(before)-1]), fmt.Sprintf("%.1f s", gone.Seconds()))
	return nil
}

// A slice is how long the work beside commands has stopped the loop at most, in microseconds.
type slice struct{ cpu, wall float64 }

const sliceNote = "longest slice: of the work that the server does beside commands, INFO's longest_background_slice_cpu_usec and longest_background_slice_usec; " +
	"on a busy machine the wall time includes what others take of the processor, so the processor time is what counts"

func sliceOf(info map[string]string) (s slice) {
	s.cpu, _ = strconv.ParseFloat(info["longest_background_slice_cpu_usec"], 64)
	s.wall, _ = strconv.ParseFloat(info["longest_background_slice_usec"], 64)
	return s
}

func (s slice) String() string { return fmt.Sprintf("%.3f / %.3f", s.cpu/1000, s.wall/1000) }

// withinSlice compares with the goal for what may stop the loop.
func withinSlice(usec float64) string {
	if usec > 1000 {
		return "<= 1 ms: NO"
	}
	return "<= 1 ms: yes"
}

// usecOf reads the time per call from a line of INFO commandstats.
func usecOf(stat string) float64 {
	_, rest, _ := strings.Cut(stat, "usec_per_call=")
	number, _, _ := strings.Cut(rest, ",")
	usec, _ := strconv.ParseFloat(number, 64)
	return usec
}

func (b *bench) fillLarge(s *servers.Server, v largeValue, n int) error {
	if v.put == nil {
		return b.load(s.Addr, n, putEntry, "large: %s", v.name)
	}
	return b.load(s.Addr, n/elementsPerCommand, v.put, "large: %s", v.name)
}

// pings returns the sorted latencies of a client that asks again and again,
// until the time is over or until, called now and then beside it, says so.
func pings(s *servers.Server, most time.Duration, until func() (bool, error)) ([]time.Duration, error) {
	c, err := client.Dial(s.Addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(stop)
		end := time.Now().Add(most)
		for time.Now().Before(end) {
			if until != nil {
				if done, err := until(); done || err != nil {
					failed <- err
					return
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	var all []time.Duration
	for {
		select {
		case <-stop:
			slices.Sort(all)
			select {
			case err = <-failed:
			default:
			}
			return all, err
		default:
		}
		start := time.Now()
		if _, err := c.Do("PING"); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
		time.Sleep(pingEvery)
	}
}

// reach measures the server CPU of commands on a large value.
func (b *bench) reach(r *report.Report, name string, n int, put client.Put, costs []cost) error {
	t := r.Table(fmt.Sprintf("a %s of %s elements: server CPU per command in microseconds, medians", name, count(n)), "command", "redis", "spindle", "ratio", "goal")
	pair, err := b.startBoth(setting{}, logArgs(false)...)
	if err != nil {
		return err
	}
	defer b.stop(pair[redis])
	defer b.stop(pair[spindle])
	var conns [2]*client.Conn
	for _, who := range sides {
		if err := b.load(pair[who].Addr, n/elementsPerCommand, put, "large: %s, %v", name, who); err != nil {
			return err
		}
		if conns[who], err = client.Dial(pair[who].Addr); err != nil {
			return err
		}
		defer conns[who].Close()
		if _, err := proc.CPU(pair[who].Pid()); err != nil {
			return err
		}
	}
	for _, c := range costs {
		var row [2]float64
		if err := b.costOf(c, pair, conns, &row); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		t.Row(c.name, micros(row[redis]), micros(row[spindle]), ratio(row[spindle], row[redis]), atMost(row[spindle], row[redis], 1))
	}
	return nil
}

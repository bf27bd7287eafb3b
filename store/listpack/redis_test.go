package listpack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// TestRedisBytes lets redis-server build listpacks and compares them with ours.
func TestRedisBytes(t *testing.T) {
	c := servers.RedisT(t).ClientT(t)
	c.Do("CONFIG", "SET", "rdbcompression", "no", "list-max-listpack-size", "-5")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))

	t.Run("list", func(t *testing.T) {
		want := edges()
		for _, size := range []int{16383, 2097151} { // where a back length grows
			for d := -7; d <= 1; d++ {
				want = append(want, strings.Repeat("q", size+d))
			}
		}
		c.Do(append([]string{"RPUSH", "l"}, want...)...)
		payload := c.Do("DUMP", "l").(string)
		if payload[0] != 18 {
			t.Fatalf("type %d, not a quicklist", payload[0])
		}
		nodes, rest := rdbLen([]byte(payload[1:]))
		var got []string
		for range nodes {
			_, rest = rdbLen(rest) // container: packed
			var lp []byte
			lp, rest = rdbString(rest)
			got = append(got, sameAsOurs(t, lp)...)
		}
		if !slices.Equal(got, want) {
			t.Error("elements differ")
		}
	})
	t.Run("hash", func(t *testing.T) {
		ours, small := New(nil), edges()
		small = slices.DeleteFunc(small, func(s string) bool { return len(s) > 64 })
		for range 500 {
			field, value := small[rng.IntN(100)], small[rng.IntN(len(small))]
			off := Find(ours, First(ours), []byte(field), 1)
			switch {
			case off != None && rng.IntN(3) == 0:
				c.Do("HDEL", "h", field)
				ours, _ = Delete(ours, off, 2)
			case off != None:
				c.Do("HSET", "h", field, value)
				ours = Replace(ours, Next(ours, off), []byte(value))
			default:
				c.Do("HSET", "h", field, value)
				ours = Append(Append(ours, []byte(field)), []byte(value))
			}
		}
		if got := dumped(t, c, "h", 16); !bytes.Equal(got, ours) {
			t.Errorf("redis %x\nours  %x", got, ours)
		}
	})
	t.Run("zset", func(t *testing.T) {
		for range 100 {
			score := strconv.FormatFloat(rng.NormFloat64()*1000, 'g', 3+rng.IntN(14), 64)
			if rng.IntN(2) == 0 {
				score = strconv.FormatInt(int64(rng.Uint64())>>(12+rng.IntN(50)), 10)
			}
			c.Do("ZADD", "z", score, fmt.Sprint(rng.IntN(1<<rng.IntN(30))))
		}
		if got := sameAsOurs(t, dumped(t, c, "z", 17)); len(got) != 2*int(c.Do("ZCARD", "z").(int64)) {
			t.Errorf("%d elements", len(got))
		}
	})
}

// sameAsOurs checks that lp is what we make of its elements, and returns them.
func sameAsOurs(t *testing.T, lp []byte) (all []string) {
	t.Helper()
	if !Validate(lp, true) || !Canonical(lp) || !bytes.Equal(Recode(nil, lp), lp) {
		t.Errorf("redis's bytes differ from ours: %.200x", lp)
	}
	for off := First(lp); off != None; off = Next(lp, off) {
		all = append(all, string(AppendTo(nil, lp, off)))
	}
	return all
}

// dumped returns the one string in the DUMP of key, which has the given RDB type.
func dumped(t *testing.T, c *servers.Client, key string, kind byte) []byte {
	t.Helper()
	payload := []byte(c.Do("DUMP", key).(string))
	if payload[0] != kind {
		t.Fatalf("%s has RDB type %d, want %d", key, payload[0], kind)
	}
	s, rest := rdbString(payload[1:])
	if len(rest) != 2+8 { // version, checksum
		t.Fatalf("%d bytes left in the payload", len(rest))
	}
	return s
}

func rdbString(b []byte) (s, rest []byte) {
	n, b := rdbLen(b)
	return b[:n], b[n:]
}

func rdbLen(b []byte) (n int, rest []byte) {
	switch b[0] >> 6 {
	case 0:
		return int(b[0]), b[1:]
	case 1:
		return int(b[0]&63)<<8 | int(b[1]), b[2:]
	}
	return int(binary.BigEndian.Uint32(b[1:])), b[5:]
}

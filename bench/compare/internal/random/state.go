package random

import (
	"fmt"
	"slices"
	"strconv"

	"spindle/bench/compare/internal/reply"
	"spindle/bench/compare/internal/wire"
)

const databases = 16

// compareStates reads everything out of both servers: the keys of every
// database, and of each key the type, the encoding, the lifetime and the value.
// The order of a packed value counts, that of a hash table does not.
func (s *session) compareStates() *mismatch {
	for _, c := range []*wire.Conn{s.ref, s.sub} {
		c.Do("DISCARD")
		c.Do("UNWATCH")
	}
	for db := range databases {
		if m := s.compareDatabase(db); m != nil {
			return m
		}
	}
	return nil
}

func (s *session) compareDatabase(db int) *mismatch {
	if _, m := s.both("", "SELECT", strconv.Itoa(db)); m != nil {
		return m
	}
	keys, m := s.both("unordered", "KEYS", "*")
	if m != nil {
		return m
	}
	for _, k := range keys.Elems {
		if m := s.compareKey(string(k.Text)); m != nil {
			m.ref = fmt.Sprintf("state of db %d, %s", db, m.ref)
			return m
		}
	}
	return nil
}

// both asks both servers and returns the reference's reply, or the difference.
func (s *session) both(norm string, args ...string) (wire.Frame, *mismatch) {
	s.ref.Send(args...)
	s.sub.Send(args...)
	a, b := s.ref.Replies(1)[0], s.sub.Replies(1)[0]
	if !reply.Equal(a, b, norm) {
		return a, &mismatch{ref: wire.Quote(args) + " " + a.String(), sub: b.String()}
	}
	return a, nil
}

func (s *session) compareKey(key string) *mismatch {
	typ, m := s.both("", "TYPE", key)
	if m != nil {
		return m
	}
	enc, m := s.both("", "OBJECT", "ENCODING", key)
	if m != nil {
		return m
	}
	if _, m := s.both("near", "PTTL", key); m != nil {
		return m
	}
	packed := slices.Contains([]string{"listpack", "intset"}, string(enc.Text))
	for _, r := range reads(string(typ.Text), key, packed) {
		if _, m := s.both(r.norm, r.Args...); m != nil {
			return m
		}
	}
	return nil
}

// reads are the commands that show a whole value.
func reads(typ, key string, packed bool) []Step {
	order := func(name string) string {
		if packed {
			return ""
		}
		return name
	}
	switch typ {
	case "string":
		return []Step{{Args: []string{"GET", key}}}
	case "list":
		return []Step{{Args: []string{"LRANGE", key, "0", "-1"}}}
	case "set":
		return []Step{{Args: []string{"SMEMBERS", key}, norm: order("unordered")}}
	case "hash":
		return []Step{{Args: []string{"HGETALL", key}, norm: order("pairs")}}
	case "zset":
		return []Step{{Args: []string{"ZRANGE", key, "0", "-1", "WITHSCORES"}}}
	case "stream":
		full := []string{"XINFO", "STREAM", key, "FULL", "COUNT", "0"}
		return []Step{
			{Args: []string{"XRANGE", key, "-", "+"}},
			{Args: []string{"XINFO", "STREAM", key}, norm: reply.Default([]string{"XINFO", "STREAM"})},
			{Args: full, norm: reply.Default(full)},
		}
	}
	return nil
}

package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// kind is a way to read and write values.
type kind interface {
	// parse makes a value of the words. Its error texts are shown to clients.
	parse(e env, words []string) (any, error)
	// format prints a value as CONFIG GET does.
	format(v any) string
	// lines are the lines of a rewritten file; none takes the directive out.
	lines(name string, v any, isDefault bool) []line
	accepts() string
	// computed values have no default in the table.
	computed() bool
}

// env is what a value may depend on besides its words.
type env struct {
	c    *Config
	old  any  // the value so far
	more bool // an earlier line of the same file set it
}

// line is a line of a rewritten file. If the directive was not in the file, only a forced one is added.
type line struct {
	text  string
	force bool
}

// Error is an error text for a client, without its "ERR ".
type Error string

func (e Error) Error() string { return string(e) }

const errWords = Error("wrong number of arguments")

func oneLine(name, value string, isDefault bool) []line {
	return []line{{text: name + " " + value, force: !isDefault}}
}

// single is embedded by the kinds with a plain value.
type single struct{}

func (single) computed() bool { return false }

// boolKind is yes or no.
type boolKind struct{ single }

func (boolKind) parse(_ env, words []string) (any, error) {
	switch strings.ToLower(words[0]) {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return nil, Error("argument must be 'yes' or 'no'")
}

func (boolKind) format(v any) string {
	if v.(bool) {
		return "yes"
	}
	return "no"
}

func (k boolKind) lines(name string, v any, isDefault bool) []line {
	return oneLine(name, k.format(v), isDefault)
}

func (boolKind) accepts() string { return "yes, no" }

// enumKind is one of some names; the value is the position of the name.
type enumKind struct {
	names []string
	single
}

func enum(names ...string) enumKind { return enumKind{names: names} }

func (k enumKind) parse(_ env, words []string) (any, error) {
	for i, n := range k.names {
		if strings.EqualFold(n, words[0]) {
			return int64(i), nil
		}
	}
	return nil, Error("argument(s) must be one of the following: " + strings.Join(k.names, ", "))
}

func (k enumKind) format(v any) string { return k.names[v.(int64)] }

func (k enumKind) lines(name string, v any, isDefault bool) []line {
	return oneLine(name, k.format(v), isDefault)
}

func (k enumKind) accepts() string { return strings.Join(k.names, ", ") }

// textKind is any string.
type textKind struct {
	keep  bool // an empty string is a value, not the absence of one
	check func(string) error
	single
}

func text(check func(string) error) textKind     { return textKind{check: check} }
func textKept(check func(string) error) textKind { return textKind{keep: true, check: check} }

func (k textKind) parse(_ env, words []string) (any, error) {
	if k.check != nil {
		if err := k.check(words[0]); err != nil {
			return nil, err
		}
	}
	return words[0], nil
}

func (textKind) format(v any) string { return v.(string) }

func (k textKind) lines(name string, v any, isDefault bool) []line {
	if v == "" && !k.keep {
		return nil
	}
	return oneLine(name, Quote(v.(string)), isDefault)
}

func (textKind) accepts() string { return "text" }

const (
	maxInt  = math.MaxInt32
	minInt  = math.MinInt32
	maxUint = math.MaxUint32
	maxLong = math.MaxInt64
)

// numKind is a number. Values are int64; unsigned ones have their bits in it.
type numKind struct {
	min, max                         int64
	memory, percent, octal, unsigned bool
	atLeast, atMost                  int64 // if atMost is set, values are moved into this range in silence
	single
}

func integer(from, to int64) numKind { return numKind{min: from, max: to} }
func memory(from, to int64) numKind  { return numKind{min: from, max: to, memory: true} }
func octal(from, to int64) numKind   { return numKind{min: from, max: to, octal: true} }

// memoryAny is a size without bounds.
func memoryAny() numKind { return numKind{memory: true, unsigned: true} }

// percentOrMemory is a size or a percentage, which is stored as its negative.
func percentOrMemory() numKind {
	return numKind{min: -100, max: maxLong, memory: true, percent: true}
}

// within moves values into a range.
func (k numKind) within(from, to int64) numKind {
	k.atLeast, k.atMost = from, to
	return k
}

func (k numKind) parse(_ env, words []string) (any, error) {
	n, err := k.number(words[0])
	if err == nil {
		err = k.inRange(n)
	}
	if err != nil {
		return nil, err
	}
	if k.atMost != 0 {
		n = min(max(n, k.atLeast), k.atMost)
	}
	return n, nil
}

func (k numKind) number(s string) (int64, error) {
	if k.memory {
		if n, ok := parseMemory(s); ok {
			return int64(n), nil
		}
	}
	if k.percent && len(s) > 1 && s[len(s)-1] == '%' {
		if n, ok := parseInt(s[:len(s)-1]); ok && n >= 0 {
			return -n, nil
		}
	}
	if k.octal {
		if n, ok := parseLenient(s, 8); ok {
			return n, nil
		}
		return 0, Error("argument couldn't be parsed as an octal number")
	}
	if k.percent {
		return 0, Error("argument must be a memory or percent value")
	}
	if k.memory {
		return 0, Error("argument must be a memory value")
	}
	if n, ok := parseInt(s); ok {
		return n, nil
	}
	return 0, Error("argument couldn't be parsed into an integer")
}

func (k numKind) inRange(n int64) error {
	switch {
	case k.unsigned:
		return nil
	case k.percent && n < 0:
		if n < k.min {
			return Error(fmt.Sprintf("percentage argument must be less or equal to %d", -k.min))
		}
	case n < k.min || n > k.max:
		if k.octal {
			return Error(fmt.Sprintf("argument must be between %o and %o inclusive", k.min, k.max))
		}
		return Error(fmt.Sprintf("argument must be between %d and %d inclusive", k.min, k.max))
	}
	return nil
}

func (k numKind) format(v any) string {
	n := v.(int64)
	switch {
	case k.percent && n < 0:
		return strconv.FormatInt(-n, 10) + "%"
	case k.octal:
		return strconv.FormatInt(n, 8)
	case k.unsigned:
		return strconv.FormatUint(uint64(n), 10)
	}
	return strconv.FormatInt(n, 10)
}

func (k numKind) lines(name string, v any, isDefault bool) []line {
	s := k.format(v)
	if n := v.(int64); k.memory && n > 0 {
		s = formatMemory(n)
	}
	return oneLine(name, s, isDefault)
}

func (k numKind) accepts() string {
	switch {
	case k.unsigned:
		return "size"
	case k.percent:
		return "size, or percent of maxmemory"
	case k.octal:
		return fmt.Sprintf("octal, %o to %o", k.min, k.max)
	}
	what := "number"
	if k.memory {
		what = "size"
	}
	if k.max == maxInt || k.max == maxLong {
		if k.min == minInt {
			return what
		}
		return fmt.Sprintf("%s, from %d", what, k.min)
	}
	return fmt.Sprintf("%s, %d to %d", what, k.min, k.max)
}

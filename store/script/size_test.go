package script

import (
	"fmt"
	"strings"
	"testing"
)

// repeat writes n numbered copies of a text.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// What nobody writes by hand must not end the process or stop it for minutes, and what somebody might must go through.
func TestChunkSize(t *testing.T) {
	e := New(Options{Host: &libraryHost{}, Version: "7.0.15"})
	for what, shape := range map[string]func(n int) string{
		"a sum":           func(n int) string { return "return " + strings.Repeat("1+", n) + "1" },
		"calls":           func(n int) string { return "return redis" + strings.Repeat("()", n) },
		"fields":          func(n int) string { return "return redis" + strings.Repeat(".a", n) },
		"elseif":          func(n int) string { return "if 1 then " + strings.Repeat("elseif 1 then ", n) + "end" },
		"and":             func(n int) string { return "return " + strings.Repeat("1 and ", n) + "1" },
		"method calls":    func(n int) string { return "local a = redis" + strings.Repeat(":a()", n) },
		"comparisons":     func(n int) string { return "return " + strings.Repeat("1<", n) + "1" },
		"a function name": func(n int) string { return "function redis" + strings.Repeat(".a", n) + "() end" },
	} {
		if _, err := e.Compile("c", shape(500)); err != nil {
			t.Errorf("%s, 500: %v", what, err)
		}
		if _, err := e.Compile("c", shape(50_000)); err == nil || !strings.Contains(err.Error(), string(errTreeDepth)) {
			t.Errorf("%s, 50000: %v", what, err)
		}
	}
	for what, shape := range map[string]func(n int) string{
		"a table":     func(n int) string { return "local t = {" + repeat(n, "'v%d',") + "}" },
		"assignments": func(n int) string { return "local t = {} " + repeat(n, "t.f%d = 1 ") },
	} {
		if _, err := e.Compile("c", shape(5000)); err != nil {
			t.Errorf("%s, 5000: %v", what, err)
		}
		if _, err := e.Compile("c", shape(30_000)); err == nil || !strings.Contains(err.Error(), string(errConstants)) {
			t.Errorf("%s, 30000: %v", what, err)
		}
	}
	if _, err := e.Compile("c", strings.Repeat(" ", sourceMax+1)); err == nil {
		t.Error("a chunk above the limit")
	}
	if _, err := e.Compile("c", repeat(2000, "local function f%d() return 'a', 'b', 'c' end ")); err == nil {
		t.Error("2000 local variables in a function")
	}
	if _, err := e.Compile("c", "local f "+repeat(10_000, "f = function() return 'a', %d end ")); err != nil {
		t.Errorf("10000 small functions: %v", err)
	}
}

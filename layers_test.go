package main

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"spindle/store/config"
)

// mayImport says which packages of ours a folder's packages may import. A folder stands for everything below it that has no
// entry of its own. Tests may import more: they drive whole servers.
var mayImport = map[string][]string{
	".":              {"loop", "aof", "store/command", "store/config"},
	"loop":           {},
	"resp":           {},
	"aof":            {"resp"},
	"aof/rdb":        {"store/listpack", "store/intset", "resp"},
	"store":          {"store/arena", "store/index"},
	"store/arena":    {},
	"store/index":    {"store/arena"},
	"store/elements": {"store/arena", "store/index"},
	"store/listpack": {},
	"store/intset":   {},
	"store/hll":      {},
	"store/geo":      {},
	"store/glob":     {},
	"store/acl":      {"store/glob", "resp"},
	"store/config":   {"store/glob", "store/config", "resp", "aof"},
	"store/hash":     {"store/arena", "store/elements", "store/listpack", "store/index"},
	"store/set":      {"store/arena", "store/elements", "store/listpack", "store/intset", "store/index"},
	"store/zset":     {"store/arena", "store/elements", "store/listpack", "store/index"},
	"store/list":     {"store/arena", "store/listpack"},
	"store/stream":   {"store/arena", "store/listpack", "store/index"},
	"store/script":   {"store/script", "resp"},
	"store/command":  {"store", "aof", "resp"},
	"bench":          {"bench", "resp", "loop", "store/config"},
}

// Imports run one way, main -> loop | store -> aof -> resp, and never turn back.
func TestImportLayers(t *testing.T) {
	eachGoFile(t, func(path string, src []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		allowed, known := rule(dir)
		if !known {
			t.Errorf("%s: a folder without an entry in mayImport", dir)
		}
		for _, imp := range f.Imports {
			name, _ := strconv.Unquote(imp.Path.Value)
			if ours, ok := strings.CutPrefix(name, "spindle/"); ok && !covered(ours, allowed) && !strings.HasPrefix(ours, dir+"/") {
				t.Errorf("%s imports %s", path, ours)
			}
		}
	})
}

// rule returns the entry of dir or of the closest folder above it.
func rule(dir string) ([]string, bool) {
	for d := dir; ; d = filepath.ToSlash(filepath.Dir(d)) {
		if a, ok := mayImport[d]; ok && (d != "." || dir == ".") {
			return a, true
		}
		if d == "." {
			return nil, false
		}
	}
}

func covered(name string, allowed []string) bool {
	for _, a := range allowed {
		if name == a || strings.HasPrefix(name, a+"/") {
			return true
		}
	}
	return false
}

func TestFormatting(t *testing.T) {
	eachGoFile(t, func(path string, src []byte) {
		want, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if string(want) != string(src) {
			t.Errorf("%s is not formatted: run gofmt -w", path)
		}
	})
}

// eachGoFile calls f for every Go file of this module.
func eachGoFile(t *testing.T, f func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || nestedModule(path)) {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f(path, src)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func nestedModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && dir != "."
}

// Every directive that does not say that it has no effect has a field in config.Config, and something reads it.
func TestDirectivesAreRead(t *testing.T) {
	fields := reflect.TypeFor[config.Config]()
	read := map[string]bool{}
	eachGoFile(t, func(path string, src []byte) {
		if strings.HasSuffix(path, "_test.go") || filepath.ToSlash(path) == "store/config/config.go" {
			return
		}
		for i := range fields.NumField() {
			name := fields.Field(i).Name
			read[name] = read[name] || bytes.Contains(src, []byte("."+name))
		}
	})
	for i := range fields.NumField() {
		if f := fields.Field(i); f.IsExported() && !read[f.Name] {
			t.Errorf("nothing reads %s", f.Name)
		}
	}
}

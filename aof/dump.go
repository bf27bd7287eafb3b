package aof

import (
	"fmt"
	"os"
	"path/filepath"
)

// Dump takes a dump file: an RDB, written under another name and then put in the place of the old one. It needs no log.
type Dump struct{ *stream }

// DumpOptions say where a dump goes.
type DumpOptions struct {
	Path        string // of the file
	Incremental bool   // sync on the way (rdb-save-incremental-fsync)
	FS          FS     // nil: the operating system's
}

// BeginDump begins a dump file. Write, Commit and Abort of the Dump say what becomes of it. done is called once, on a goroutine, with
// the outcome. done must not block.
func BeginDump(o DumpOptions, done func(error)) *Dump {
	if o.FS == nil {
		o.FS = osFS{}
	}
	d := &Dump{newStream(new(pool))}
	go func() {
		err := d.run(o)
		if err != nil {
			d.abort(err)
		}
		done(err)
	}()
	return d
}

func (d *Dump) run(o DumpOptions) error {
	dir := filepath.Dir(o.Path)
	temp := filepath.Join(dir, fmt.Sprintf("temp-%d.rdb", os.Getpid()))
	err := d.writeFile(o.FS, temp, o.Incremental)
	if err == nil {
		err = o.FS.Rename(temp, o.Path)
	}
	if err != nil {
		o.FS.Remove(temp)
		return err
	}
	return o.FS.SyncDir(dir)
}

package aof

import (
	"fmt"
	"os"
	"path/filepath"
)

// Dump takes a dump file: an RDB, written under another name and then put in the place of the old one. It needs no log.
type Dump struct{ *stream }

// BeginDump begins a dump file at path, with syncs on the way if incremental. Write, Commit and Abort of the Dump say what becomes of it.
// done is called once, on a goroutine, with the outcome. done must not block.
func BeginDump(path string, incremental bool, done func(error)) *Dump {
	d := &Dump{newStream(new(pool))}
	go func() {
		err := d.run(path, incremental)
		if err != nil {
			d.abort(err)
		}
		done(err)
	}()
	return d
}

func (d *Dump) run(path string, incremental bool) error {
	fs := osFS{}
	dir := filepath.Dir(path)
	temp := filepath.Join(dir, fmt.Sprintf("temp-%d.rdb", os.Getpid()))
	err := d.writeFile(fs, temp, incremental)
	if err == nil {
		err = fs.Rename(temp, path)
	}
	if err != nil {
		fs.Remove(temp)
		return err
	}
	return fs.SyncDir(dir)
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/infra/local/demo"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
	"github.com/fabrique-des-transitions/fabrique/infra/local/prepared"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
)

// preparedYear returns the folder that holds the demo year, and replays the
// year into it when this version of the program has not done so before.
func preparedYear(ctx context.Context, o host.Options, fresh bool, stdout io.Writer) (string, error) {
	root, name, err := yearPlace()
	if err != nil {
		return "", err
	}
	if fresh {
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			return "", err
		}
	}
	return prepared.Folder(root, name, func(folder string) error { return replay(ctx, o, folder, stdout) })
}

// yearPlace says where the demo year is kept, and under which name: the
// fingerprint of the sources that decide what is in it, or that of the program
// where it runs away from its sources.
func yearPlace() (root, name string, err error) {
	module, found := engine.ModuleRoot()
	if !found {
		program, err := os.Executable()
		if err != nil {
			return "", "", err
		}
		name, err = prepared.FingerprintFile(program)
		return filepath.Join(os.TempDir(), "fabrique-demo"), name, err
	}
	name, err = prepared.Fingerprint(module, "functions", "shared", "events", "infra/local")
	return filepath.Join(module, ".build", "demo"), name + os.Getenv("FABRIQUE_ENGINE"), err
}

// replayGarbage lets memory grow further than usual between collections while
// the year is replayed, in percent (runtime/debug.SetGCPercent).
const replayGarbage = 400

// replay replays the demo year into a folder.
func replay(ctx context.Context, o host.Options, folder string, stdout io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(replayGarbage))
	o.DataDir = folder
	h, err := host.Open(ctx, o)
	if err != nil {
		return err
	}
	defer h.Close()
	show := bar(stdout)
	if err := demo.Load(ctx, h, show); err != nil {
		return fmt.Errorf("demo data: %w (start with --empty to do without)", err)
	}
	return nil
}

// barWidth is that of the progress bar, in characters.
const barWidth = 40

// bar shows how far the replay is: a bar on a terminal, a line for each tenth
// elsewhere.
func bar(w io.Writer) func(done, all int) {
	shown := -1
	file, isFile := w.(*os.File)
	terminal := false
	if isFile {
		info, err := file.Stat()
		terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return func(done, all int) {
		percent := 100 * done / all
		switch {
		case terminal && percent != shown:
			full := barWidth * done / all
			fmt.Fprintf(w, "\r  Replaying the demo year, once  [%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat("·", barWidth-full), percent)
			if done == all {
				fmt.Fprintln(w)
			}
		case !terminal && percent/10 != shown/10:
			fmt.Fprintf(w, "  Replaying the demo year, once: %d %%\n", percent)
		}
		shown = percent
	}
}

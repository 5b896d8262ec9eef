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
func preparedYear(ctx context.Context, o host.Options, s settings, stdout io.Writer) (string, error) {
	name, err := versionOfYear()
	if err != nil {
		return "", err
	}
	if s.fresh {
		if err := os.RemoveAll(filepath.Join(s.prepared, name)); err != nil {
			return "", err
		}
	}
	return prepared.Folder(s.prepared, name, func(folder string) error { return replay(ctx, o, folder, stdout) })
}

// preparedRoot is where prepared demo years are kept: beside the sources, or
// where temporary files are when the program runs away from them.
func preparedRoot() string {
	if module, found := engine.ModuleRoot(); found {
		return filepath.Join(module, ".build", "demo")
	}
	return filepath.Join(os.TempDir(), "fabrique-demo")
}

// versionOfYear tells one demo year from that of other sources, or of another
// program where there are no sources, and from that of another engine.
func versionOfYear() (name string, err error) {
	if module, found := engine.ModuleRoot(); found {
		name, err = prepared.Fingerprint(module, "functions", "shared", "events", "infra/local")
	} else if program, programErr := os.Executable(); programErr != nil {
		err = programErr
	} else {
		name, err = prepared.FingerprintFile(program)
	}
	return name + os.Getenv("FABRIQUE_ENGINE"), err
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
	shown := -10 // so that the beginning is shown
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
			end := ""
			if done == all {
				end = "\n"
			}
			fmt.Fprintf(w, "\r  Replaying the demo year, once  [%s%s] %3d %%%s", strings.Repeat("#", full), strings.Repeat("·", barWidth-full), percent, end)
		case !terminal && percent/10 != shown/10:
			fmt.Fprintf(w, "  Replaying the demo year, once: %d %%\n", percent)
		}
		shown = percent
	}
}

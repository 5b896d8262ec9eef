package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// small is a country with one of everything.
var small = map[string]string{
	"regions.json": `[{"code":"76","nom":"Occitanie","zone":"metro"},{"code":"988","nom":"Nouvelle-Calédonie","zone":"com"}]`,
	"departements.json": `[{"code":"988","region":"988","nom":"Nouvelle-Calédonie","zone":"com"},
		{"code":"31","region":"76","nom":"Haute-Garonne","zone":"metro"},{"code":"09","region":"76","nom":"Ariège","zone":"metro"}]`,
	"epci.json": `[{"code":"200066363","nom":"CC de la Haute Ariège","membres":[{"code":"09296"},{"code":"31555"}]}]`,
	"communes.json": `[
		{"code":"98818","nom":"Nouméa","type":"commune-actuelle","departement":"988","population":92926},
		{"code":"31555","nom":"Toulouse","type":"commune-actuelle","departement":"31","population":100},
		{"code":"09296","nom":"Aulos-Sinsat","type":"commune-actuelle","departement":"09","population":160,"anciensCodes":["09028","09999"]},
		{"code":"09028","nom":"Aulos","type":"commune-deleguee","departement":"09","chefLieu":"09296"},
		{"code":"09296","nom":"Sinsat","type":"commune-deleguee","departement":"09","chefLieu":"09296"},
		{"code":"31555","nom":"Toulouse","type":"commune-deleguee","departement":"31","chefLieu":"31555"},
		{"code":"31901","nom":"Toulouse 1er","type":"arrondissement-municipal","departement":"31","commune":"31555"}]`,
}

const compact = `V	2026
R	76	260	Occitanie
D	09	76	160	Ariège
D	31	76	100	Haute-Garonne
D	988		92926	Nouvelle-Calédonie
E	200066363	09	260	CC de la Haute Ariège
C	09296	200066363	160	Aulos-Sinsat
C	31555	200066363	100	Toulouse
C	98818		92926	Nouméa
F	09028	09296	Aulos
F	09296	09296	Sinsat
F	09999	09296	
F	31901	31555	Toulouse 1er
`

func write(t *testing.T, files map[string]string) (dir string) {
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	source := write(t, small)
	var outputs [][]byte
	for _, name := range []string{"one.gz", "two.gz"} {
		output := filepath.Join(source, name)
		if err := run(source, "2026", output); err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, packed)
	}
	if !bytes.Equal(outputs[0], outputs[1]) {
		t.Error("the same source gave two different files")
	}
	r, err := gzip.NewReader(bytes.NewReader(outputs[0]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || string(text) != compact {
		t.Errorf("got\n%s(%v), want\n%s", text, err, compact)
	}
}

func TestRunRefusesABrokenSource(t *testing.T) {
	for what, replace := range map[string][2]string{
		"unknown member":    {"epci.json", `[{"code":"1","membres":[{"code":"00000"}]}]`},
		"unknown successor": {"communes.json", `[{"code":"09028","type":"commune-deleguee","chefLieu":"00000"}]`},
		"not JSON":          {"regions.json", `regions`},
	} {
		source := write(t, small)
		if err := os.WriteFile(filepath.Join(source, replace[0]), []byte(replace[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		output := filepath.Join(source, "out.gz")
		if err := run(source, "2026", output); err == nil {
			t.Errorf("%s: no error", what)
		}
		if _, err := os.Stat(output); err == nil {
			t.Errorf("%s: wrote a file", what)
		}
	}
	if err := run(strings.Repeat("x", 8), "2026", filepath.Join(t.TempDir(), "out.gz")); err == nil {
		t.Error("no source: no error")
	}
}

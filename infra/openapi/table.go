package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/fabrique-des-transitions/fabrique/functions/site"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// newTable lists every declared path with its methods, one path a line.
func newTable(all []*function.Function) ([]byte, error) {
	methods := map[string][]string{}
	for _, f := range all {
		for _, r := range f.Routes {
			if r.Path != function.Default {
				methods[r.Path] = append(methods[r.Path], r.Methods()...)
			}
		}
	}
	var table bytes.Buffer
	separator := "[\n"
	for _, path := range slices.Sorted(maps.Keys(methods)) {
		line, err := json.Marshal(site.Path{Path: path, Methods: slices.Sorted(slices.Values(methods[path]))})
		if err != nil {
			return nil, err
		}
		table.WriteString(separator)
		table.Write(line)
		separator = ",\n"
	}
	table.WriteString("\n]\n")
	return table.Bytes(), nil
}

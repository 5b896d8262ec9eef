// Command openapi writes the OpenAPI 3.1 document that describes the API, which
// the function site answers. It comes from the declarations alone.
//
//	go generate ./functions
//
// It runs in the folder of package functions. Run it after a change to a route
// or to what a route takes or answers; a test fails until then.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func main() {
	if err := write("site", functions.All); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

// write puts the generated files into a folder.
func write(folder string, all []*function.Function) error {
	files, err := generate(all)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate makes the files, by name.
func generate(all []*function.Function) (map[string][]byte, error) {
	document, err := newDocument(all)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"openapi.json": document}, nil
}

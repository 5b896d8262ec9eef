package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fabrique-des-transitions/fabrique"

// devOnly is what only tests, generators and hosts import: nothing of it may
// end in a Lambda. Each entry stands for the packages below it too.
var devOnly = []string{
	module + "/infra",
	module + "/tests",
	module + "/shared/function/functiontest",
	module + "/shared/dynamo/engine",
	module + "/shared/storage/folder",
	"github.com/aws/aws-cdk-go",
	"github.com/aws/constructs-go",
	"github.com/aws/jsii-runtime-go",
	"github.com/cdklabs",
	"github.com/chromedp",
	"github.com/danielgtaylor/huma",
	"github.com/emersion/go-smtp",
	"github.com/jhillyerd/enmime",
	"github.com/mmcdole/gofeed",
	"github.com/oauth2-proxy/mockoidc",
	"github.com/pb33f",
	"github.com/santhosh-tekuri/jsonschema",
	"pgregory.net/rapid",
	"testing",
	"net/http/httptest",
}

// within tells whether a package is one of these or stands below it.
func within(pkg string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") })
}

// part is the folder at the top of the tree that a package stands in, and for
// a function its name: "shared", "functions/notify", "functions" for the list
// itself. It is empty for packages from elsewhere.
func part(pkg string) string {
	inside, ours := strings.CutPrefix(pkg, module+"/")
	if !ours {
		return ""
	}
	top, rest, _ := strings.Cut(inside, "/")
	if name, _, _ := strings.Cut(rest, "/"); top == "functions" && name != "" {
		return top + "/" + name
	}
	return top
}

// forbidden says why a package may not import another; empty when it may.
// It is asked for tests too, which tells inTest.
func forbidden(importer, imported string, inTest bool) string {
	from, to := part(importer), part(imported)
	switch {
	case !inTest && within(imported, devOnly...) && !within(importer, devOnly...):
		return "only tests, generators and hosts may use it"
	case to == "" || from == to:
		return ""
	case to == "tests":
		return "nothing stands upon tests"
	case from == "infra" || from == "tests" || to == "shared" || to == "events": // events are schemas, no code
		return ""
	case to == "infra":
		return "functions know no host"
	case from == "shared":
		return "what is shared knows no function"
	case from == "functions": // the list
		return ""
	}
	return "a function knows no other: what two need stands in shared"
}

func TestForbidden(t *testing.T) {
	type pair struct {
		importer, imported string
		inTest             bool
	}
	ours := func(importer, imported string) pair {
		return pair{module + "/" + importer, module + "/" + imported, false}
	}
	fromTest := func(p pair) pair { p.inTest = true; return p }
	others := func(importer, imported string) pair { return pair{module + "/" + importer, imported, false} }
	for _, p := range []pair{
		ours("functions/notify", "functions/registration"),
		ours("functions/notify/lambda", "functions/registration"),
		ours("functions/notify", "functions"),
		ours("functions/notify", "infra/local/host"),
		ours("functions", "infra/openapi"),
		ours("shared/web", "functions"),
		ours("shared/web", "functions/notify"),
		ours("shared/function/functiontest", "functions/notify"),
		ours("shared/web", "infra/local"),
		ours("infra/local", "tests"),
		ours("functions/notify", "shared/function/functiontest"),
		ours("shared/dynamo", "shared/dynamo/engine"),
		fromTest(ours("functions/notify", "functions/registration")),
		fromTest(ours("functions/notify", "infra/local/mailbox")),
		fromTest(ours("shared/web", "functions/notify")),
		others("shared/web", "github.com/danielgtaylor/huma/v2"),
		others("shared/function", "github.com/aws/aws-cdk-go/awscdk/v2"),
		others("shared/auth", "github.com/oauth2-proxy/mockoidc"),
		others("functions/notify", "github.com/danielgtaylor/huma/v2"),
		others("functions/notify", "testing"),
	} {
		if forbidden(p.importer, p.imported, p.inTest) == "" {
			t.Errorf("%s may import %s (in a test: %t)", p.importer, p.imported, p.inTest)
		}
	}
	for _, p := range []pair{
		ours("functions/notify", "shared/web"),
		ours("functions/site", "events"),
		ours("functions/notify/lambda", "functions/notify"),
		ours("functions", "functions/notify"),
		ours("shared/function", "shared/web"),
		ours("shared/function/functiontest", "shared/dynamo/engine"),
		ours("infra/local", "functions"),
		ours("infra/openapi", "functions/site"),
		ours("tests", "infra/local"),
		fromTest(ours("functions/notify", "shared/function/functiontest")),
		fromTest(others("shared/auth", "github.com/oauth2-proxy/mockoidc")),
		others("infra/openapi", "github.com/danielgtaylor/huma/v2"),
		others("functions/notify", "net/http"),
		others("shared/web", "github.com/aws/aws-lambda-go/events"),
	} {
		if reason := forbidden(p.importer, p.imported, p.inTest); reason != "" {
			t.Errorf("%s may not import %s: %s", p.importer, p.imported, reason)
		}
	}
}

// listed is what the go command tells of a package.
type listed struct {
	ImportPath                               string
	Imports, TestImports, XTestImports, Deps []string
}

func packages(t *testing.T) (all []listed) {
	t.Helper()
	// -e: a package that does not compile is another test's matter.
	command := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", module+"/...")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

func TestDependencies(t *testing.T) {
	lambdas := 0
	for _, p := range packages(t) {
		check := func(imports []string, inTest bool) {
			for _, imported := range imports {
				if reason := forbidden(p.ImportPath, imported, inTest); reason != "" {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, reason)
				}
			}
		}
		check(p.Imports, false)
		check(p.TestImports, true)
		check(p.XTestImports, true)
		if !strings.HasPrefix(part(p.ImportPath), "functions/") || !strings.HasSuffix(p.ImportPath, "/lambda") {
			continue
		}
		lambdas++
		for _, linked := range p.Deps {
			if within(linked, devOnly...) {
				t.Errorf("the binary of %s holds %s", p.ImportPath, linked)
			}
		}
	}
	if lambdas == 0 {
		t.Error("no Lambda was found: this test looks at the wrong place")
	}
}

// Command lambda is the bootstrap of the function site on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/site"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(site.Function) }

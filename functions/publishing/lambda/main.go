// Command lambda is the bootstrap of the function publishing on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/publishing"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(publishing.Function) }

// Command lambda is the bootstrap of the function registration on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/registration"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(registration.Function) }

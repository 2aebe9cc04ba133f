module sigid.dev/bench/load

go 1.19

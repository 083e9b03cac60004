# The landed contract is a descriptor image in the tree; buf breaking compares proto/ with it.

CONTRACT=proto/contract.binpb

# ./dev contract: run it when a change of proto/ has landed.
land_contract() {
    [ $# = 0 ] || die "./dev contract takes nothing, not '$1'"
    need_buf || die "buf could not be fetched"
    lint_contract
    if [ -f "$CONTRACT" ]; then break_contract || die "proto/ breaks the landed contract; nothing was changed"; fi
    "$BUF" build -o "$CONTRACT"
    say "$CONTRACT is the contract in proto/ now"
}

lint_contract() { "$BUF" lint; }

break_contract() { "$BUF" breaking --against "$CONTRACT"; }

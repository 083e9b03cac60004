# What compiles the project: Rust in the version the root manifest asks for, and a C compiler to link with.

need_toolchain() {
    local wanted found
    if ! has cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    has cargo || die "there is no Rust toolchain here: install Rust $wanted or newer (https://rustup.rs), then run this again"
    found=$(rustc --version 2>/dev/null | cut -d' ' -f2) || die "cargo is here, but rustc does not run: 'rustup default stable'"
    if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
        die "Rust $found is too old: this needs $wanted or newer ('rustup update stable')"
    fi
    has cc || has gcc || has clang ||
        die "there is no C compiler to link with: install one ('apt install gcc libc6-dev', 'dnf install gcc', 'xcode-select --install')"
    # Queries are checked against .sqlx, also when a DATABASE_URL is set.
    export SQLX_OFFLINE=true
}

target_folder() { echo "${CARGO_TARGET_DIR:-$PROJECT/target}"; }

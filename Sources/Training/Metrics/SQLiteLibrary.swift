import Diagnostics
import Foundation

/// The library of SQLite that the system has, found when it is wanted: a program whose runs write no
/// database needs none.
struct SQLiteLibrary {
    typealias Handle = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias Open = @convention(c) (Text, UnsafeMutablePointer<Handle?>) -> Int32
    typealias Use = @convention(c) (Handle?) -> Int32
    typealias Wait = @convention(c) (Handle?, Int32) -> Int32
    typealias Message = @convention(c) (Handle?) -> Text?
    typealias Prepare =
        @convention(c) (
            Handle?, Text, Int32, UnsafeMutablePointer<Handle?>, UnsafeMutablePointer<Text?>?
        ) -> Int32
    typealias BindText =
        @convention(c) (Handle?, Int32, Text?, Int32, UnsafeMutableRawPointer?) -> Int32
    typealias BindInteger = @convention(c) (Handle?, Int32, Int64) -> Int32

    let open: Open
    let close: Use
    let wait: Wait
    let message: Message
    let prepare: Prepare
    let bindText: BindText
    let bindInteger: BindInteger
    let step: Use
    let finalize: Use

    private static let names = ["libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib"]

    /// - Throws: `Failure` where the system has none.
    init(named names: [String]? = nil) throws {
        let names = names ?? Self.names
        guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first else {
            throw Failure(
                "there is no library of SQLite", expected: names.first, got: "none",
                remedy: FailureText(
                    "install it (Debian: libsqlite3-0), or leave out \(key: "metrics.trackio")"))
        }
        func function<Function>(_ name: String, _ type: Function.Type) throws -> Function {
            guard let address = dlsym(library, "sqlite3_" + name) else {
                throw Failure(
                    "the library of SQLite is too old", expected: "sqlite3_\(name) in it",
                    got: "none", remedy: "install a newer one")
            }
            return unsafeBitCast(address, to: type)
        }
        open = try function("open", Open.self)
        close = try function("close_v2", Use.self)
        wait = try function("busy_timeout", Wait.self)
        message = try function("errmsg", Message.self)
        prepare = try function("prepare_v2", Prepare.self)
        bindText = try function("bind_text", BindText.self)
        bindInteger = try function("bind_int64", BindInteger.self)
        step = try function("step", Use.self)
        finalize = try function("finalize", Use.self)
    }
}

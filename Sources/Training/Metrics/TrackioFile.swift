import Diagnostics
import Foundation
import JSON

/// A run in the database of a project of trackio, in its folder: `trackio show` lists it.
///
/// A resumed run goes on with its rows. Source: the tables of trackio 0.43 (sqlite_storage.py), which adds
/// those that we leave out when it opens the file.
package final class TrackioFile: MetricsSink {
    private let database: SQLiteDatabase
    /// The run by which rows are found, and its name on the page: the path of its directory.
    private let run: String
    private let name: String

    private static let tables = [
        """
        CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, \
        run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL, \
        step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT)
        """,
        "CREATE INDEX IF NOT EXISTS idx_metrics_run_step ON metrics(run_id, step)",
        "CREATE INDEX IF NOT EXISTS idx_metrics_run_timestamp ON metrics(run_id, timestamp)",
        """
        CREATE TABLE IF NOT EXISTS configs (id INTEGER PRIMARY KEY AUTOINCREMENT, \
        run_id TEXT NOT NULL, run_name TEXT NOT NULL, config TEXT NOT NULL, \
        created_at TEXT NOT NULL, UNIQUE(run_id))
        """,
        """
        CREATE TABLE IF NOT EXISTS system_metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, \
        run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL, \
        metrics TEXT NOT NULL, log_id TEXT, space_id TEXT)
        """,
        """
        CREATE TABLE IF NOT EXISTS alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, \
        run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL, \
        title TEXT NOT NULL, text TEXT, level TEXT NOT NULL DEFAULT 'warn', step INTEGER, \
        alert_id TEXT)
        """,
    ]

    /// Opens the database of a project; rows of the run of steps after `lastStep` are cut.
    ///
    /// - Parameters:
    ///   - run: the directory of the run.
    ///   - recipe: the recipe as text, which the page shows.
    /// - Throws: `Failure` where there is no library of SQLite, and where the file cannot be written.
    package init(
        project: String, run: String, recipe: String, lastStep: Int,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let path = Self.path(ofProject: project, environment)
        name = run
        self.run = URL(filePath: run).standardizedFileURL.path
        do {
            try FileManager.default.createDirectory(
                atPath: URL(filePath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
        } catch {
            throw Failure("cannot write metrics", got: error.localizedDescription, at: path)
        }
        database = try SQLiteDatabase(at: path, SQLiteLibrary())
        try database.run("PRAGMA journal_mode = WAL")
        try database.run("PRAGMA synchronous = NORMAL")
        for table in Self.tables { try database.run(table) }
        for table in ["metrics", "alerts"] {
            try database.run(
                "DELETE FROM \(table) WHERE run_id = ? AND step > ?",
                [.text(self.run), .integer(lastStep)])
        }
        let config = JSONValue.object(["recipe": .string(recipe)]).text()
        try database.run(
            "INSERT OR REPLACE INTO configs (run_id, run_name, config, created_at) "
                + "VALUES (?, ?, ?, ?)",
            [.text(self.run), .text(name), .text(config), .text(Self.now)])
    }

    package func append(_ record: MetricsRecord) throws {
        let scalars = record.scalars
        if !scalars.isEmpty {
            let members = scalars.map { ($0.name, Self.json($0.value)) }
            let text = JSONValue.object(Dictionary(uniqueKeysWithValues: members)).text()
            try insert("metrics", "metrics", .text(text), step: record.step)
        }
        if case .warning(let step, let message, _) = record {
            try insert("alerts", "title", .text(message), step: step)
        }
    }

    private func insert(
        _ table: String, _ column: String, _ value: SQLiteDatabase.Value, step: Int
    ) throws {
        try database.run(
            "INSERT INTO \(table) (run_id, timestamp, run_name, step, \(column)) "
                + "VALUES (?, ?, ?, ?, ?)",
            [.text(run), .text(Self.now), .text(name), .integer(step), value])
    }

    /// JSON has no numbers but finite ones: trackio has words for the others.
    private static func json(_ value: Double) -> JSONValue {
        if value.isNaN { return .string("NaN") }
        return value.isFinite ? .number(value) : .string(value > 0 ? "Infinity" : "-Infinity")
    }

    private static var now: String {
        Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
            + "+00:00"
    }

    /// Where trackio looks: TRACKIO_DIR, or trackio in the folder of Hugging Face's libraries.
    static func path(ofProject project: String, _ environment: [String: String]) -> String {
        func folder(_ key: String) -> String? {
            environment[key].flatMap { $0.isEmpty ? nil : $0 }
        }
        let home = folder("HOME") ?? NSHomeDirectory()
        let cache = folder("XDG_CACHE_HOME") ?? home + "/.cache"
        let hub = folder("HF_HOME") ?? cache + "/huggingface"
        let parent = folder("TRACKIO_DIR") ?? hub + "/trackio"
        let safe = project.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        return "\(parent)/\(safe.isEmpty ? "default" : safe).db"
    }
}

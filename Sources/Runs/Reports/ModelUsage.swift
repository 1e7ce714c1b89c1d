import Diagnostics
import Monitoring

/// The commands that use what a run has made.
struct ModelUsage {
    let checkpoint: ReportedCheckpoint?
    let recipe: Recipe?
    let run: String

    private typealias Usage = ReportContent.Usage

    var usage: [ReportContent.Usage] {
        guard let checkpoint else { return resume }
        let model = Self.quoted(checkpoint.path)
        if checkpoint.isClassifier {
            return [
                Usage(
                    "Classify a text", "swift-llm-train classify --model \(model) --text 'A text'")
            ] + resume
        }
        let talks = recipe?.finetune.task == .instructions && recipe?.phases == [.finetune]
        let common = [
            talks
                ? Usage("Talk to it", "swift-llm-train chat --model \(model)")
                : Usage(
                    "Let it write",
                    "swift-llm-train generate --model \(model) --prompt 'Once' --top-k 50"),
            Usage("Serve it to programs and browsers", "swift-llm-train serve --model \(model)"),
        ]
        return common + evaluate(model) + (checkpoint.isAdapter ? [] : python(checkpoint.path))
            + resume
    }

    private func evaluate(_ model: String) -> [Usage] {
        guard let data = recipe?.data.validation else { return [] }
        return [
            Usage(
                "Measure it",
                "swift-llm-train evaluate --model \(model) --data \(Self.quoted(data))")
        ]
    }

    private func python(_ path: String) -> [Usage] {
        let name = path.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : "\($0)" }.joined()
        return [
            Usage(
                "In Python",
                """
                from transformers import AutoModelForCausalLM, AutoTokenizer
                model = AutoModelForCausalLM.from_pretrained("\(name)")
                tokenizer = AutoTokenizer.from_pretrained("\(name)")
                """)
        ]
    }

    private var resume: [Usage] {
        let command = recipe?.phases == [.finetune] ? "finetune" : "pretrain"
        return [
            Usage(
                "Train on, with more steps",
                "swift-llm-train \(command) --config \(Self.quoted(run)) --resume")
        ]
    }

    /// A path as a word of a shell.
    static func quoted(_ path: String) -> String {
        let isPlain = path.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "/._-+=:@%".unicodeScalars.contains(scalar))
        }
        return isPlain && !path.isEmpty
            ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}

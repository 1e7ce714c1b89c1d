import Diagnostics
import Testing
import swift_llm_train

@Suite struct RecipeTests {
    private func load(_ text: String, overrides: [String] = []) throws -> Recipe {
        try Recipe.load(RecipeFile(name: "a.yaml", text: text), overrides: overrides)
    }

    @Test func keysThatAreLeftOutHaveTheirDefaults() throws {
        let recipe = try load(RecipeErrorTests.valid)
        #expect(recipe.name == "small")
        #expect(recipe.output == "runs/small")
        #expect(recipe.phases == [.pretrain])
        #expect(recipe.train.steps == 100)
        #expect(recipe.train.globalBatchSize == 32)
        #expect(recipe.train.sequenceLength == 64)
        #expect(recipe.model.embeddingSize == 48)
        #expect(recipe.model.vocabularySize == nil)
        #expect(recipe.optimizer.schedule == .cosine)
        #expect(recipe.generate.seed == recipe.seed)
    }
}

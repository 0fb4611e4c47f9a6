"""Random process trees: the plan, its generator, the model, the stage that plays one, the judge."""

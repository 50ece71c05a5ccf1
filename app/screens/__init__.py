"""What a person sees: one folder for each screen, with its pages, views, templates, style sheets and scripts."""
